"""What our own handlers add to the public base classes so that the session calls them in the event loop, without threads."""

from collections.abc import Callable
from typing import Any


class InLoopHandler:
    """Mixin of handlers whose `receive` only queues the frame and whose `emit` waits for an item; developers' base classes have none of it.

    Names begin with `parley`, so that they do not collide with those of a subclass.
    """

    parley_receives_at_once = False
    """Whether `receive` only queues the frame, so that it may be called in the event loop, without a thread."""
    parley_waits_itself = False
    """Whether `emit` itself waits for the next item, so that no pause between calls is needed."""
    parley_pauses = False
    """Whether the handler may pause its audio (`Host.pause_audio`): the transport then sends it less far ahead."""

    @property
    def parley_backlog_s(self) -> float:
        """Seconds of audio that wait behind `receive`."""
        raise NotImplementedError

    def parley_at_rest(self) -> bool:
        """Return whether silence has no effect, so that it may be held back; called only where `parley_receives_at_once`."""
        raise NotImplementedError

    def parley_emitter(self) -> Callable[[], Any]:
        """Return the function that is called for the next item."""
        raise NotImplementedError
