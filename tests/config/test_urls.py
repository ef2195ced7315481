"""The routes of the installation's own apps."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLResolver
from django.urls.resolvers import RegexPattern

from config import urls
from config.urls import of_apps


def test_an_app_may_be_a_single_file() -> None:
    """An app that is a module and no package has no routes, and the server starts."""
    assert of_apps(["colorsys"]) == []
    assert len(of_apps(["colorsys", "streaming", "tests.config"])) == 1


def test_routes_of_apps_come_before_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A project may have its own page at `/` and its own `/outputs`; what it has not is ours."""
    (tmp_path / "ownapp").mkdir()
    (tmp_path / "ownapp" / "__init__.py").write_text("")
    (tmp_path / "ownapp" / "urls.py").write_text(
        "from django.http import HttpResponse\nfrom django.urls import path\n\n\ndef mine(request):\n    return HttpResponse()\n\n\n"
        "urlpatterns = [path('', mine), path('outputs', mine)]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings.APPS = ["ownapp"]
    resolver = URLResolver(RegexPattern(r"^/"), runpy.run_path(urls.__file__)["urlpatterns"])
    assert [resolver.resolve(path).func.__name__ for path in ("/", "/outputs")] == ["mine", "mine"]
    assert resolver.resolve("/updates").url_name == "default-updates"
    del sys.modules["ownapp"], sys.modules["ownapp.urls"]
