"""The turn listener opens and closes while handlers keep asyncio's threads busy."""

from typing import Any

import pytest

from streaming.handlers.endpointing_options import AlgoOptions, SileroVadOptions, turn_detector_options
from streaming.handlers.turn_listener import TurnListener
from streaming.speech import vad_worker
from tests.streaming.sessions.connections import until


class FakeWorker:
    """Replaces the VAD worker of this process; records the members that joined."""

    def __init__(self) -> None:
        self.members: list[Any] = []

    def join(self, member: Any) -> None:
        """Record the member."""
        self.members.append(member)

    def wake(self, member: Any) -> None:
        """Do nothing."""


@pytest.mark.usefixtures("busy_handlers")
async def test_a_turn_detector_opens_and_closes_beside_busy_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns are reported from the first one on, and the VAD slot is released."""
    shared, released = FakeWorker(), []
    monkeypatch.setattr(vad_worker, "acquire", lambda: shared)
    monkeypatch.setattr(vad_worker, "release", lambda: released.append(True))
    listener = TurnListener(None, turn_detector_options(AlgoOptions(), SileroVadOptions()), 16_000)  # type: ignore[arg-type]
    await until(lambda: shared.members == [listener.detector] and listener._acquired)
    listener.close()
    await until(lambda: released)
