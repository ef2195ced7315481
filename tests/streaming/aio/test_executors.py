"""Executors: urgent work waits neither behind a handler nor behind work of another kind."""

import asyncio
import re
import threading
from pathlib import Path

import pytest

import streaming
from streaming.aio import executors as module
from streaming.aio.executors import AUDIO_THREADS, TRACKER_THREADS, Threads, close_threads

THEIRS = {"handlers/ice_servers.py", "handlers/turn_credentials.py"}
"""The files that call developers' functions and remote services, in asyncio's threads."""


def test_our_code_does_not_use_asyncios_threads() -> None:
    """Six blocked calls of one handler would stop it; new work uses an executor, or its exception is listed."""
    root = Path(streaming.__file__).parent
    asyncios = re.compile(r"\bto_thread\(|run_in_executor\(\s*None\b|thread_sensitive=False")
    assert {file.relative_to(root).as_posix() for file in root.rglob("*.py") if asyncios.search(file.read_text())} == THEIRS


@pytest.mark.usefixtures("busy_handlers")
async def test_results_and_exceptions_reach_the_caller() -> None:
    """They arrive also while handlers block asyncio's threads."""
    assert await AUDIO_THREADS.run(divmod, 7, 3) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        await AUDIO_THREADS.run(divmod, 7, 0)


async def test_no_kind_waits_behind_another() -> None:
    """Work of one kind does not delay work of another, whatever its amount."""
    go_on = threading.Event()
    many = [TRACKER_THREADS.run(go_on.wait, 60) for _ in range(20)]
    try:
        async with asyncio.timeout(30):
            assert await AUDIO_THREADS.run(threading.get_ident) != threading.get_ident()
        assert not any(one.done() for one in many)
    finally:
        go_on.set()
    assert await asyncio.gather(*many) == [True] * 20


async def test_closing_leaves_no_thread() -> None:
    """A close finishes the queued work; the next use starts new threads."""
    few = Threads("tested", 2)
    try:
        done = [few.run(threading.current_thread) for _ in range(10)]
        close_threads()
        assert {thread.name for thread in await asyncio.gather(*done)} <= {"tested_0", "tested_1"}
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("tested")]
        assert await few.run(len, "on") == 2
    finally:
        few.close()
        module._all.remove(few)
