"""The values that a page of Gradio shows, kept by the server: the page may send an event before it has applied the last result.

Gradio's page sends the values of its components with each event. Outputs that follow each other quickly are shown by one event after
another, and the later event may bring values without the last result. For a moment after a result, the server's values count. What the
user changes is sent at once as an event of its own, and counts from then on.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from streaming.types.remote_session import Reachable

APPLIED_S = 2.0
"""Seconds after a result for which the values of the server count, not those of the page."""
MOST_ENDED = 64
"""Sessions kept that ended with outputs which no event has shown."""
_PLAIN = (str, int, float, bool, type(None))
_NO_COPY = object()


class ShownValues:
    """What a listener has shown of one session. `inputs` and `outputs` are the listener's components."""

    def __init__(self, session: Reachable, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        self.session = session
        self.number = 0
        """Number of the last output that was shown."""
        self.values: list[Any] = []
        """The values of the inputs for the next call."""
        self._outputs = outputs
        self._places = {place: at for place, one in enumerate(inputs) for at, other in enumerate(outputs) if one is other}
        self._results: dict[int, Any] = {}
        self._given: dict[int, Any] = {}
        self._at = float("-inf")

    def begin(self, values: Sequence[Any], now: float) -> None:
        """Take the values that the page sent, except those that a result has just changed. `now` is in seconds, monotonic."""
        if now - self._at >= APPLIED_S:
            self._results = {}
        self.values = [self._results.get(place, value) for place, value in enumerate(values)]

    def edited(self, place: int, value: Any, now: float) -> None:
        """Take the value of one input that the user has changed."""
        self._results[place] = value
        if self.values:
            self.values[place] = value
        self._at = now

    def arguments(self) -> tuple[Any, ...]:
        """Return the values for a call, and note those that `changed` compares with its result."""
        self._given = {at: _copy(self.values[place]) for place, at in self._places.items()}
        return tuple(self.values)

    def changed(self, result: Any, skip: Any) -> Any:
        """Return a result with `skip` in place of the values that the call left as they were.

        So an output for other components does not touch one that the user is changing meanwhile.
        """
        same = {at for at, value in _by_place(result, self._outputs) if at in self._given and _same(self._given[at], value)}
        if not same:
            return result
        if len(self._outputs) == 1:
            return skip
        if isinstance(result, dict):  # from component to value
            return {one: skip if any(one is self._outputs[at] for at in same) else value for one, value in result.items()}
        return tuple(skip if at in same else value for at, value in enumerate(result))

    def keep(self, result: Any, now: float) -> None:
        """Keep a result that was sent to the page, for the next call."""
        shown = dict(_by_place(result, self._outputs))
        for place, at in self._places.items():
            if at in shown:
                self.values[place] = self._results[place] = shown[at]
        self._at = now


class ShownSessions:
    """The sessions of one listener, by webrtc_id."""

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        self._inputs, self._outputs = inputs, outputs
        self._known: dict[str, ShownValues] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, webrtc_id: str, live: Reachable | None) -> ShownValues | None:
        """Return the session with an id: the live one, else one that has ended and may have outputs left."""
        known = self._known.get(webrtc_id)
        if live is not None and (known is None or known.session is not live):
            known = self._known[webrtc_id] = ShownValues(live, self._inputs, self._outputs)
        return known

    def forget_ended(self) -> None:
        """Forget the sessions that ended: those that are shown to the end, and the oldest of the others."""
        ended = {one: shown for one, shown in self._known.items() if shown.session.outputs.closed}
        left = [one for one, shown in ended.items() if shown.number < shown.session.outputs.last]
        for one in ended.keys() - set(left[-MOST_ENDED:]):
            del self._known[one]


def _copy(value: Any) -> Any:
    """Return a value that stays as it is while the program changes its own; `_NO_COPY` where that costs time."""
    if isinstance(value, list) and all(type(one) in _PLAIN for one in value):
        return list(value)
    return value if type(value) in _PLAIN else _NO_COPY


def _same(before: Any, value: Any) -> bool:
    return type(before) is type(value) and before is not _NO_COPY and bool(before == value)


def _by_place(result: Any, outputs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Yield the place and the value of each component that a listener's result changes, in one of the forms that Gradio takes."""
    by_component = isinstance(result, dict) and result and all(any(key is one for one in outputs) for key in result)
    if by_component:
        items = [(place, result[one]) for place, one in enumerate(outputs) if one in result]
    else:
        items = list(enumerate([result] if len(outputs) == 1 else result or ()))
    for place, value in items:
        made = getattr(value, "constructor_args", None)  # a component as a result changes the properties that it was made with
        update = made if isinstance(made, dict) else value if isinstance(value, dict) and value.get("__type__") == "update" else None
        if update is None:
            yield place, value
        elif "value" in update:
            yield place, update["value"]
