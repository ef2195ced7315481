"""`parley run` as a command: what it prints, how it ends, how programs start their server."""

import gc
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.program import run
from parley import cli
from tests.programs import RunningProgram

STREAM = "from fastrtc import Stream\n\nmirror = Stream(lambda image: image)\n"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., RunningProgram]]:
    """Make a program of these files; it is killed afterwards."""
    made: list[RunningProgram] = []

    def make(app: str, *options: str, files: dict[str, str] | None = None, **more: Any) -> RunningProgram:
        made.append(RunningProgram(tmp_path, {"app.py": app, **(files or {})}, *options, **more))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def page(program: RunningProgram, path: str = "/") -> str:
    """Return a page of a running program."""
    with urllib.request.urlopen(program.url + path, timeout=60) as answer:
        return str(answer.read().decode())


def test_an_error_of_the_program_is_its_traceback_alone(program: Callable[..., RunningProgram]) -> None:
    """With the program's lines and the message, also where the error is raised in a call of Parley."""
    code, text = program("import helper\n", files={"helper.py": "from fastrtc import Stream\nStream(print, modality='smell')\n"}).end()
    assert code == 1
    assert 'app.py", line 1' in text
    assert 'helper.py", line 2' in text
    assert not [word for word in ("config/program", "streaming/handlers", "parley/") if word in text]
    assert "Modality must be" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("app", "code", "words"),
    [
        ("print('hello')\n", 2, "app.py has made no Stream and started no server"),
        ("import sys\nsys.exit(7)\n", 7, ""),
        (f"{STREAM}mirror.name = 'Not a name'\n", 1, "a stream's name has small letters"),
    ],
)
def test_programs_that_cannot_be_served(program: Callable[..., RunningProgram], app: str, code: int, words: str) -> None:
    """Each ends with its code and one clear sentence."""
    ended, text = program(app).end()
    assert ended == code, text
    assert words in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("broken.py", "broken.py is no Python program"),
        ("no.such_module", "there is no module no.such_module"),
        ("no_such_module", "there is no module no_such_module"),
        (".relative", "there is no module .relative"),
    ],
)
def test_targets_that_are_no_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str, words: str
) -> None:
    """The error names the target; Python's own message says where a syntax error is."""
    (tmp_path / "broken.py").write_text("x = 1\ndef broken(:\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(run.NoProgram, match=words):
        run._load(target)
    if target == "broken.py":
        assert 'broken.py", line 2' in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends before it prepares anything."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "nothing.py"]) == 2
    assert capsys.readouterr().err == "parley run: there is no file nothing.py\n"
    assert list(tmp_path.iterdir()) == []


def test_launch_shows_the_page_at_the_root(program: Callable[..., RunningProgram]) -> None:
    """`stream.ui.launch()` needs no application; arguments of the command line reach the program; --reload is a warning."""
    app = f"import sys\n{STREAM}print('arguments', sys.argv[1:])\nmirror.ui.launch(server_port=7860)\nprint('not before the end')\n"
    running = program(app, "--reload", "--size", "3").start()
    assert 'data-name="mirror"' in page(running)
    assert "arguments ['--size', '3']" in running.lines
    assert "--reload: the program is not restarted" in running.lines
    assert "on this machine may use its streams without an account" in running.lines
    assert "not before the end" not in running.lines
    assert (running.folder / ".parley" / "parley.sqlite3").is_file()


def test_garbage_is_collected_rarely_while_a_program_loads(program: Callable[..., RunningProgram]) -> None:
    """The server has Python's own thresholds, or those that the program has set."""
    for own, served in (("", gc.get_threshold()), ("gc.set_threshold(900, 11, 12)\n", (900, 11, 12))):
        app = f"import gc\nprint('loads', gc.get_threshold())\n{own}{STREAM}"
        app += "mirror.ui.launch(prevent_thread_lock=True)\nprint('served', gc.get_threshold(), flush=True)\n"
        running = program(app).start("served")
        assert "loads (50000, 20, 100)" in running.lines
        assert f"served {served}" in running.lines
        running.kill()


def test_a_module_of_a_package_is_served_at_its_end(program: Callable[..., RunningProgram]) -> None:
    """With relative imports, without any call of a server; a stream may be made in a function, and needs no variable."""
    files = {
        "backend/__init__.py": "",
        "backend/names.py": "NAME = 'from beside'\n",
        "backend/server.py": "from parley import Stream\n\nfrom .names import NAME\n\nprint(NAME, __name__)\n\n"
        "def make():\n    return [Stream(lambda image: image), Stream(lambda image: image)]\n\nstreams = make()\n",
    }
    running = program("", "--host", "0.0.0.0", files=files, target="backend.server").start()
    assert "from beside __main__" in running.lines
    assert f"stream stream: {running.url}/streams/stream/" in running.lines
    assert f"stream stream-2: {running.url}/streams/stream-2/" in running.lines
    assert "Its streams need an account or an access token" in running.lines
    assert "Create the first account at" in running.lines
    assert "requests from other machines get 400 until ALLOWED_HOSTS" in running.lines
    status, _ = running.get("/streams/stream/webrtc/offer")
    assert status == 405
    assert running.post("/streams/stream/webrtc/offer", {})[0] == 401


def test_a_server_beside_the_program(program: Callable[..., RunningProgram]) -> None:
    """`prevent_thread_lock=True` lets the program go on; a second launch has its page at its name; SIGTERM ends both."""
    app = (
        f"import time\n{STREAM}second = Stream(lambda image: image)\nmirror.ui.launch(prevent_thread_lock=True)\n"
        "second.ui.launch(prevent_thread_lock=True)\nprint('goes on', flush=True)\nwhile True:\n    time.sleep(1)\n"
    )
    running = program(app).start("goes on")
    assert 'data-name="mirror"' in page(running)
    assert 'data-name="second"' in page(running, "/streams/second/")
    assert running.stop() == 128 + 15


def test_public(program: Callable[..., RunningProgram]) -> None:
    """With --public nobody needs an account, under any name; a server of uvicorn that the program makes itself is ours, too."""
    app = (
        f"import asyncio\nimport uvicorn\n{STREAM}\nasync def app(scope, receive, send):\n    pass\n\n"
        "asyncio.run(uvicorn.Server(uvicorn.Config(app, port=7860)).serve())\n"
    )
    running = program(app, "--host", "0.0.0.0", "--public").start()
    assert "Everybody who reaches this server may use its streams" in running.lines
    request = urllib.request.Request(f"{running.url}/streams/mirror/", headers={"Host": "talk.example.org"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert 'data-name="mirror"' in answer.read().decode()


def test_middleware_of_the_program_replaces_headers(program: Callable[..., RunningProgram]) -> None:
    """A page of another origin gets one Access-Control-Allow-Origin, that of the program's own middleware."""
    app = (
        "from starlette.applications import Starlette\nfrom starlette.middleware.cors import CORSMiddleware\n"
        f"{STREAM}app = Starlette()\n"
        "app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)\nmirror.mount(app)\n"
    )
    running = program(app).start()
    for path in ("/webrtc/offer", "/input_hook"):
        request = urllib.request.Request(running.url + path, b"{}", {"Origin": "http://localhost:3000", "Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        with refused.value as answer:
            assert answer.code == 422
            assert len(answer.headers.get_all("Access-Control-Allow-Origin")) == 1
            assert answer.headers.get_all("Access-Control-Allow-Credentials") == ["true"]


def test_a_startup_that_fails_ends_the_program(program: Callable[..., RunningProgram]) -> None:
    """As uvicorn does: the message, and exit code 3."""
    app = (
        f"import uvicorn\n{STREAM}\nasync def app(scope, receive, send):\n"
        "    await receive()\n    await send({'type': 'lifespan.startup.failed', 'message': 'no database here'})\n\nuvicorn.run(app)\n"
    )
    code, text = program(app).end()
    assert code == 3
    assert "no database here" in text
