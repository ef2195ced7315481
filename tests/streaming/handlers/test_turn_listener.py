"""The listener for turns: it opens and closes whatever handlers do with asyncio's threads."""

from typing import Any

import pytest

from streaming.handlers.options import AlgoOptions, SileroVadOptions, turn_detector_options
from streaming.handlers.turn_listener import TurnListener
from streaming.speech import vad_worker
from tests.streaming.sessions.lines import until


class Shared:
    """In the place of the attention of this process: notes who joined."""

    def __init__(self) -> None:
        self.members: list[Any] = []

    def join(self, member: Any) -> None:
        """Note it."""
        self.members.append(member)

    def wake(self, member: Any) -> None:
        """Nothing to look at."""


@pytest.mark.usefixtures("busy_handlers")
async def test_an_ear_opens_and_closes_beside_busy_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns are told from the first one on, and the pause detection is given back."""
    shared, released = Shared(), []
    monkeypatch.setattr(vad_worker, "acquire", lambda: shared)
    monkeypatch.setattr(vad_worker, "release", lambda: released.append(True))
    listener = TurnListener(None, turn_detector_options(AlgoOptions(), SileroVadOptions()), 16_000)  # type: ignore[arg-type]
    await until(lambda: shared.members == [listener.detector] and listener._acquired)
    listener.close()
    await until(lambda: released)
