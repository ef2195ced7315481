"""The routes of the installation's own apps."""

from config.urls import of_apps


def test_an_app_may_be_a_single_file() -> None:
    """An app has routes where it has a module of them: one that is no package has none, and keeps no server from starting."""
    assert of_apps(["colorsys"]) == []
    assert len(of_apps(["colorsys", "streaming", "tests.config"])) == 1
