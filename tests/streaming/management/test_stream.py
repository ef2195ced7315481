"""`manage.py stream`: a client for the terminal."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from streaming.management.terminal import FileSpeaker, FileStreamError, Screen, channels_of, describe, stream
from tests.servers import ROOT, Server

RECORDING = ROOT / "streaming" / "demo" / "conversation.ogg"


def test_a_file_is_sent_and_saved(server: Server) -> None:
    """Words and insights are printed as they arrive; the last line is the address of the saved conversation."""
    server.manage("createapp", "--email", "jane@example.com")
    arguments = ["--url", server.url, "--email", "jane@example.com", "--speed", "0", "--speaker", "Anna", "--speaker", "Tom"]
    out = server.manage("stream", str(RECORDING), *arguments)
    lines = out.strip().splitlines()
    assert any(line.startswith("Anna: Shall we start") for line in lines)
    assert any(line.startswith("Tom: ") for line in lines)
    assert any("question (" in line for line in lines)
    assert lines[-1].startswith(f"saved: {server.url}/conversations/")


def test_a_wrong_token_is_one_line(server: Server) -> None:
    """The server's own error is printed, without a traceback."""
    with pytest.raises(AssertionError, match="Token validation failed") as failed:
        server.manage("stream", str(RECORDING), "--url", server.url, "--token", "nonsense", "--speed", "0")
    assert "Traceback" not in str(failed.value)


@pytest.mark.parametrize("reason", ["", "enough of this"])
async def test_a_closed_connection_is_reported(reason: str) -> None:
    """The error is printed at whatever moment the server closes the connection."""

    async def close_at_once(connection: ServerConnection) -> None:
        if reason:
            await connection.close(1008, reason)
        else:
            connection.transport.abort()

    async with serve(close_at_once, "127.0.0.1", 0) as rude:
        url = f"http://127.0.0.1:{rude.sockets[0].getsockname()[1]}"
        with pytest.raises(FileStreamError, match=reason or "connection lost"):
            await stream(RECORDING, ["Ada"], url=url, token="", connection_id="x", speed=0, screen=Screen(io.StringIO()))


def test_no_server_is_one_line(make_server: Callable[..., Server]) -> None:
    """The error names an address without a server."""
    server = make_server()
    server.kill()
    with pytest.raises(AssertionError, match="no connection to") as failed:
        server.manage("stream", str(RECORDING), "--url", server.url, "--token", "x")
    assert "Traceback" not in str(failed.value)


def test_two_channels_for_two_names() -> None:
    """A stereo file has one channel for each of two speakers, and one mix for one."""
    assert len(channels_of(RECORDING, 2)) == 2
    assert len(channels_of(RECORDING, 1)) == 1


def test_a_file_without_audio(tmp_path: Path) -> None:
    """The error names a file that PyAV cannot read."""
    rubbish = tmp_path / "rubbish.mp3"
    rubbish.write_bytes(b"no sound in here" * 100)
    with pytest.raises(FileStreamError, match=r"rubbish\.mp3"):
        channels_of(rubbish, 1)
    with pytest.raises(FileStreamError, match="missing"):
        channels_of(tmp_path / "missing.wav", 1)


def test_no_bar_and_no_colour_without_a_terminal() -> None:
    """The output to a file is plain text."""
    out = io.StringIO()
    screen = Screen(out)
    screen.progress(1.0, 2.0, "hello")
    screen.line("Anna: hello", "\033[1m")
    assert out.getvalue() == "Anna: hello\n"


def test_a_correction_is_printed_as_a_change() -> None:
    """A message or an insight that is sent again is printed with its change; one that was never printed is not dismissed."""
    out = io.StringIO()
    voice = FileSpeaker(np.zeros(0, np.int16), "Ada", "", "", "", Screen(out), 0, prints_results=True)

    def insight(text: str, dismissed: bool) -> dict[str, Any]:
        shown = {"id": "i", "type": "question", "confidence": 0.5, "payload": {"content": text}, "dismissed": dismissed}
        return {"type": "insight_response", "insights": [shown]}

    def message(text: str, dismissed: bool) -> dict[str, Any]:
        shown = {"id": "m", "from": {"name": "Ada"}, "payload": {"content": text}, "dismissed": dismissed}
        return {"type": "message_response", "messages": [shown]}

    for received in (
        *(insight("Why?", True), insight("Why?", False), insight("Why not?", False), insight("Why not?", True), insight("Why not?", False)),
        *(message("Hi.", False), message("Hello.", False), message("", True)),
    ):
        voice._take(received)
    assert out.getvalue().splitlines() == [
        "    question (50%): Why?",
        "    changed: question (50%): Why not?",
        "    dismissed: question (50%): Why not?",
        "    question (50%): Why not?",
        "Ada: Hi.",
        "changed: Ada: Hello.",
        "dismissed: Ada: ",
    ]


def test_an_insight_in_one_line() -> None:
    """The line has type, confidence, text, speaker and time."""
    insight = {
        "type": "action_item",
        "confidence": 0.87,
        "payload": {"content": "Send it."},
        "assignee": {"name": "Tom"},
        "dueBy": {"value": "2026-11-27"},
    }
    assert describe(insight) == "action item (87%): Send it. [Tom] [due 2026-11-27]"
