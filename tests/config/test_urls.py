"""The routes of the installation's own apps."""

from config.urls import of_apps


def test_an_app_may_be_a_single_file() -> None:
    """An app that is a module and no package has no routes, and the server starts."""
    assert of_apps(["colorsys"]) == []
    assert len(of_apps(["colorsys", "streaming", "tests.config"])) == 1
