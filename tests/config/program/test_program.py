"""The streams of a program: their names, and which one is at the root."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from config.program.program import Program
from config.program.program_imports import ProgramImports
from streaming import discovery
from streaming.handlers.stream import Stream

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """A program with an empty main module, which makes the streams of the test."""
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "app.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    discovery.streams()  # the built-in ones are not the program's, in whatever order the tests run
    made = Program("app.py", ProgramImports(tmp_path, ROOT), public=False)
    monkeypatch.setattr(Stream, "program", made)
    yield made
    discovery._of_program.clear()


def stream(name: str | None = None) -> Stream:
    """Return a new stream."""
    return Stream(lambda image: image, name=name)


class Application:
    """An application with a router of Starlette's."""

    def __init__(self) -> None:
        from starlette.routing import Router

        self.router = Router()


def test_names_come_from_variables(program: Program) -> None:
    """In a form that a URL can have; without a variable, or where a name is taken, with a number."""
    main: Any = sys.modules["__main__"]
    main.Voice_Agent, main._hidden, main.given = stream(), stream(), stream("other")
    main.voice_agent = stream()
    main.many = [stream(), stream()]
    main.same = main.Voice_Agent
    program.parley()
    named = [main.Voice_Agent, main._hidden, main.given, main.voice_agent, *main.many]
    assert [one.name for one in named] == ["voice-agent", "hidden", "other", "voice-agent-2", "stream", "stream-2"]
    assert all(discovery.streams()[one.name] is one for one in named)


def test_a_stream_takes_the_name_of_a_built_in_one(program: Program) -> None:
    """/streams/echo/ is the program's then; other built-in streams stay."""
    sys.modules["__main__"].echo = mine = stream()  # type: ignore[attr-defined]
    built_in = discovery.streams()["echo"]
    program.parley()
    assert discovery.streams()["echo"] is mine is not built_in
    assert "conversation" in discovery.streams()


def test_a_stream_that_is_made_while_the_server_runs_is_served(program: Program) -> None:
    """It has no variable yet."""
    program.parley()
    late = stream()
    assert discovery.streams()["stream"] is late


def test_routes_in_the_description_of_fastapi(program: Program) -> None:
    """A FastAPI application describes the routes of its streams in OpenAPI, with the tags of `mount`."""
    fastapi = pytest.importorskip("fastapi", reason="FastAPI comes with requirements/development.txt")
    application = fastapi.FastAPI()
    stream("first").mount(application, tags=["voice"])
    stream("second").mount(application, path="/two")
    described = application.openapi()["paths"]
    assert set(described) == {"/webrtc/offer", "/telephone/incoming", "/two/webrtc/offer", "/two/telephone/incoming"}
    assert described["/webrtc/offer"]["post"]["tags"] == ["voice"]
    assert "tags" not in described["/two/webrtc/offer"]["post"]
    assert "requestBody" in described["/webrtc/offer"]["post"]


def test_the_stream_at_the_root(program: Program, settings: Any) -> None:
    """The one of the setting; the first mounted at the root of the served application; the first mounted there; the first."""
    pytest.importorskip("starlette.routing", reason="Starlette comes with requirements/development.txt")
    first, second, third = stream("first"), stream("second"), stream("third")
    assert program._default_of(None) is first
    own, other = Application(), Application()
    third.mount(other)
    second.mount(own, path="/voice")
    assert program._default_of(own) is second
    first.mount(own)
    assert program._default_of(own) is first
    assert program._default_of(other) is program._default_of(None) is third
    settings.DEFAULT_STREAM = "second"
    assert program._default_of(own) is second


@pytest.mark.parametrize("application", [object(), "app:app", lambda scope, receive, send: None])
def test_only_applications_with_routes_take_a_stream(program: Program, application: Any) -> None:
    """The error names the type."""
    with pytest.raises(TypeError, match=f"FastAPI or Starlette application, not {type(application).__name__}"):
        stream().mount(application)
    assert program.mounts == []
