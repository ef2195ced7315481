"""Sessions, and a recogniser that returns a script."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming import recogniser
from streaming.aio.database_executors import close_database_threads
from streaming.conversations import rendered_events
from streaming.sessions import handler_runner
from tests.streaming.sessions.conftest import join

__all__ = ["join"]


@pytest.fixture
def script(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Set the script of the recogniser; the last words may take long. The database's threads and the recogniser end with the test."""
    monkeypatch.setattr(handler_runner, "THE_REST_S", 60.0)
    monkeypatch.setattr(rendered_events, "CATCH_UP_S", 60.0)

    def write(content: Any) -> None:
        file = tmp_path / "script.json"
        file.write_text(json.dumps(content))
        settings.RECOGNISER_SCRIPT = str(file)

    recogniser.close()
    yield write
    recogniser.close()
    close_database_threads()
