"""The setting RECOGNISER with the dotted path of a class."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streaming import recogniser
from streaming.handlers.stt import get_stt_model
from streaming.speech import engines
from streaming.speech.engines.moonshine import MoonshineRecogniser
from tests.servers import ROOT, Server, copied
from tests.streaming.speech import own_engines
from tests.streaming.speech.fakes import BECKETT, SENTENCES, chunks
from tests.streaming.transports.client import connected

HERE = "tests.streaming.speech.own_engines"
GUIDE = (ROOT / "docs" / "guide" / "speech-engines.md").read_text()


def test_short_names_and_paths() -> None:
    """A short name and a path each select a class."""
    assert issubclass(engines.engine_class("moonshine"), MoonshineRecogniser)
    assert engines.engine_class("streaming.speech.engines.moonshine.MoonshineRecogniser") is MoonshineRecogniser
    assert engines.engine_class(f"{HERE}.TurnLength") is own_engines.TurnLength


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("parrot", "allowed are moonshine, scripted, or the dotted path of a class"),
        ("nothing_like_that.Engine", r"the module nothing_like_that cannot be imported \(ModuleNotFoundError: .*nothing_like_that"),
        (f"{HERE}.Missing", f"the module {HERE} has no class Missing"),
        (f"{HERE}.function", f"the module {HERE} has no class function"),
        (f"{HERE}.WithoutModel", "the class WithoutModel lacks languages, load_model"),
        (f"{HERE}.Unrelated", "the class Unrelated lacks close, load, open, ready, transcribe"),
        (f"{HERE}.WithoutArgument", "the class WithoutArgument must be made with one argument, EngineOptions"),
    ],
)
def test_a_class_that_cannot_be_used(path: str, error: str) -> None:
    """The error says what is missing."""
    with pytest.raises(ValueError, match=error):
        engines.engine_class(path)


def test_a_module_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the setting, whatever the module raises."""
    (tmp_path / "failing_engine.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"failing_engine cannot be imported \(ZeroDivisionError: division by zero\)"):
        engines.engine_class("failing_engine.Engine")


@pytest.mark.parametrize("command", [("manage.py", "serve"), ("-m", "uvicorn", "config.asgi:application", "--port", "0")])
def test_the_server_does_not_start_without_its_engine(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Setting, value and what is missing are in the last line of the output."""
    path = f"{HERE}.WithoutModel"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "PORT": "0", "RECOGNISER": path}
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert f"RECOGNISER='{path}': the class WithoutModel lacks languages, load_model" in done.stderr.splitlines()[-1]


def test_an_engine_without_the_base_class(settings: Any) -> None:
    """It is loaded and transcribes, although it has no model name for the log."""
    recogniser.close()
    settings.RECOGNISER = f"{HERE}.Underived"
    try:
        recogniser.begin_loading().result(60)
        assert recogniser.loaded()
        assert get_stt_model().stt((16_000, np.zeros(16_000, dtype=np.int16))) == "Underived."
    finally:
        recogniser.close()


async def test_a_session_that_ends_while_the_engine_loads(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task of the session is cancelled; the load continues for later sessions."""
    recogniser.close()
    settings.RECOGNISER = f"{HERE}.Underived"
    load, may_load = own_engines.Underived.load, threading.Event()

    def load_later(self: own_engines.Underived) -> None:
        may_load.wait(60)
        load(self)

    monkeypatch.setattr(own_engines.Underived, "load", load_later)
    try:
        waiting = asyncio.create_task(_engine())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        may_load.set()
        assert await asyncio.wait_for(_engine(), 60)
    finally:
        may_load.set()
        await asyncio.to_thread(recogniser.close)


async def _engine() -> Any:
    """Wait for the engine as sessions do."""
    return await asyncio.wrap_future(recogniser.begin_loading())


async def said(server: Server) -> list[str]:
    """Speak six sentences over a Symbl socket; return the messages."""
    async with connected(server, await asyncio.to_thread(server.token)) as client:
        await client.start()
        for chunk in chunks(BECKETT):
            await client.socket.send(chunk)
        await client.stop()
    return client.said()


async def test_an_engine_of_a_test_module_is_used(make_server: Callable[..., Server]) -> None:
    """Its words arrive on the socket."""
    messages = await said(make_server(RECOGNISER=f"{HERE}.TurnLength"))
    assert len(messages) == SENTENCES
    lengths = [re.fullmatch(r"I will send (\d+) samples tomorrow\.", message) for message in messages]
    assert all(length and 8_000 < int(length[1]) < 32_000 for length in lengths)


async def test_the_engine_of_the_guide_is_used(migrated_data: Path, tmp_path: Path) -> None:
    """The listing of the guide works unchanged."""
    [listing] = re.findall(r"```python\n(# mycompany/speech.py.*?)```", GUIDE, re.DOTALL)
    [command] = re.findall(r"RECOGNISER=(mycompany\S+) make run", GUIDE)
    (tmp_path / "mycompany").mkdir()
    (tmp_path / "mycompany" / "speech.py").write_text(listing)
    server = Server(copied(migrated_data, tmp_path / "data"), {"RECOGNISER": command, "PYTHONPATH": str(tmp_path)}).start()
    try:
        messages = await said(server)
    finally:
        server.kill()
    assert len(messages) == SENTENCES
    assert all(re.fullmatch(r"\d\.\d seconds\.", message) for message in messages)


def test_the_error_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide shows the error of a class without methods."""
    (tmp_path / "mycompany2").mkdir()
    (tmp_path / "mycompany2" / "speech.py").write_text(
        "from streaming.speech.turn_recogniser import TurnRecogniser\nclass MyRecogniser(TurnRecogniser):\n    languages = ('en-US',)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="lacks") as refused:
        engines.engine_class("mycompany2.speech.MyRecogniser")
    assert str(refused.value).partition(" (see")[0] in GUIDE
