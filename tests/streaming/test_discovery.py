"""The discovery of streams in installed apps."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

import streaming
from streaming import discovery, routing
from streaming.handlers.stream import Stream

BUILT_IN = {"conversation", "echo", "motion", "tone", "voice-notes"}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forget the streams that other tests discovered."""
    discovery.streams.cache_clear()
    yield
    discovery.streams.cache_clear()


@pytest.fixture
def app(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Install an app with this `streams.py`."""

    def install(source: str) -> None:
        folder = tmp_path / "someapp"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "streams.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "someapp"]

    yield install
    for name in [name for name in sys.modules if name.startswith("someapp")]:
        del sys.modules[name]


def test_the_built_in_streams(settings: Any) -> None:
    """There are five, and the conversation is the default."""
    assert set(discovery.streams()) == BUILT_IN
    assert settings.DEFAULT_STREAM == "conversation"
    assert discovery.streams() is discovery.streams()


def test_streams_of_an_app(app: Callable[[str], None]) -> None:
    """A stream of an app needs no registration; without a name it has the name of its variable."""
    app("from streaming import Stream\nflip_it = Stream(lambda image: image[::-1])\nnamed = Stream(lambda image: image, name='other')\n")
    assert set(discovery.streams()) == BUILT_IN | {"flip-it", "other"}


def test_two_apps_may_call_their_variable_stream(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a stream has the label of its app as its name; `name=` has priority."""
    source = "from streaming import Stream\nstream = Stream(lambda image: image{})\n"
    for app, arguments in {"first_app": "", "second_app": "", "third_app": ", name='named'"}.items():
        (tmp_path / app).mkdir()
        (tmp_path / app / "__init__.py").write_text("")
        (tmp_path / app / "streams.py").write_text(source.format(arguments))
    monkeypatch.syspath_prepend(tmp_path)
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "first_app", "second_app", "third_app"]
    try:
        assert set(discovery.streams()) == BUILT_IN | {"first-app", "second-app", "named"}
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] in ("first_app", "second_app", "third_app")]:
            del sys.modules[name]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("s = Stream(lambda image: image, name='echo')", "another stream 'echo'"),
        ("s = Stream(lambda image: image, name='Ä b')", "small letters"),
        ("a = Stream(lambda image: image, name='same')\nb = Stream(lambda image: image, name='same')", "another stream 'same'"),
    ],
)
def test_invalid_names(app: Callable[[str], None], source: str, wrong: str) -> None:
    """A name that is in use, or that is invalid in a URL, stops the server at its start."""
    app(f"from streaming import Stream\n{source}\n")
    with pytest.raises(ImproperlyConfigured, match=wrong):
        discovery.streams()


MOUNTED = """
from streaming import Stream
one = Stream(lambda image: image)
one.mount(path="/voice/v2/")
one.mount(None, "other")
two = Stream(lambda image: image)
"""


def test_mounted_streams(app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A mounted stream has its own path besides its name; a mount after the routes were made is refused."""
    monkeypatch.setattr(Stream, "routed", False)
    app(MOUNTED)
    assert discovery.mounts() == {"voice/v2": "one", "other": "one"}
    with pytest.raises(RuntimeError, match="too late"):
        discovery.streams()["two"].mount(path="/late")


@pytest.mark.parametrize("path", ["/voice/v2", "streams/two"])
def test_a_path_in_use(app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """The path of another stream, or of the streams' names, is refused."""
    monkeypatch.setattr(Stream, "routed", False)
    app(f"{MOUNTED}two.mount(path={path!r})\n")
    with pytest.raises(ImproperlyConfigured, match="'two' cannot be mounted"):
        discovery.mounts()


@pytest.mark.parametrize("path", ["v1/streaming/voice", "v1/realtime/insights/a", "/v1/subscribe/voice/", "admin/voice"])
def test_a_path_below_other_routes(app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A path that no request can reach stops the server; the error names it."""
    monkeypatch.setattr(Stream, "routed", False)
    app(f"{MOUNTED}two.mount(path={path!r})\n")
    with pytest.raises(ImproperlyConfigured, match="'two' cannot be mounted"):
        routing.mounted()


def test_a_path_beside_other_routes(app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A path beside other routes has two sockets."""
    monkeypatch.setattr(Stream, "routed", False)
    app(f"{MOUNTED}two.mount(path='v1/voice')\n")
    assert len(routing.mounted()) == 6


def test_a_broken_module_is_reported(app: Callable[[str], None]) -> None:
    """The error of an app's streams is raised."""
    app("import nothing_like_that\n")
    with pytest.raises(ModuleNotFoundError, match="nothing_like_that"):
        discovery.streams()


@pytest.mark.parametrize(("setting", "value"), [("DEFAULT_STREAM", "karaoke"), ("STREAMS_PUBLIC", ["echo", "karaoke"])])
def test_an_unknown_stream_in_a_setting(settings: Any, setting: str, value: Any) -> None:
    """The error names the setting and lists the streams; valid settings cause none."""
    discovery.check_settings()
    setattr(settings, setting, value)
    with pytest.raises(ImproperlyConfigured, match=f"{setting}: there is no stream 'karaoke'; there are conversation, echo"):
        discovery.check_settings()


def test_public_streams(settings: Any) -> None:
    """A stream is public by its own option, or by the setting."""
    echo = discovery.streams()["echo"]
    assert not discovery.is_public(echo)
    settings.STREAMS_PUBLIC = ["echo"]
    assert discovery.is_public(echo)
    assert not discovery.is_public(discovery.streams()["tone"])


def test_a_shell_knows_the_names_of_streams(tmp_path: Path) -> None:
    """Code without the routes, as in `manage.py shell` and tasks, finds the sessions of streams without `name=`."""
    (tmp_path / "someapp").mkdir()
    (tmp_path / "someapp" / "__init__.py").write_text("")
    (tmp_path / "someapp" / "streams.py").write_text("from streaming import Stream\nflip_it = Stream(lambda image: image)\n")
    (tmp_path / "settings_of_test.py").write_text(
        "from config.settings import *\nINSTALLED_APPS = [*INSTALLED_APPS, 'someapp']\nDEFAULT_STREAM = 'flip-it'\n"
    )
    code = """
from streaming.cluster import session_client
from someapp.streams import flip_it
asked = []
session_client.send = lambda name, *question: asked.append(name)
flip_it.set_input("x", 1)
print(asked)
"""
    root = Path(streaming.__file__).parents[1]
    settings = {"DJANGO_SETTINGS_MODULE": "settings_of_test", "DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, cwd=root, env={**os.environ, **settings})
    assert out.stdout.strip() == "['flip-it']", out.stderr


def test_every_public_name_can_be_imported() -> None:
    """Any other name raises AttributeError."""
    for name in streaming.__all__:
        assert getattr(streaming, name) is not None
    assert set(streaming.__all__) == set(streaming._HOME)
    with pytest.raises(AttributeError, match="nothing"):
        streaming.nothing  # noqa: B018


def test_importing_the_package_loads_no_model() -> None:
    """The import of the package loads no model library and no Django app."""
    code = "import sys, streaming; print({'onnxruntime', 'django', 'numpy', 'av'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(streaming.__file__).parents[1])
    assert out.stdout.strip() == "set()"
