"""Sessions, and a recogniser that hears by script."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming import recogniser
from streaming.engine.database import close_database_threads
from tests.streaming.engine.conftest import join

__all__ = ["join"]


@pytest.fixture
def script(tmp_path: Path, settings: Any) -> Iterator[Callable[[Any], None]]:
    """Set what the recogniser hears; the database's threads and the recogniser end with the test."""

    def write(content: Any) -> None:
        file = tmp_path / "script.json"
        file.write_text(json.dumps(content))
        settings.RECOGNISER_SCRIPT = str(file)

    recogniser.close()
    yield write
    recogniser.close()
    close_database_threads()
