"""The field `pauses` of starts, an addition to FastRTC."""

import json
from typing import Any

import pytest

from streaming.protocols.fastrtc import Start, WireError, parse


@pytest.mark.parametrize(("value", "pauses"), [(None, False), (False, False), (True, True)])
def test_values_of_pauses(value: bool | None, pauses: bool) -> None:
    """The field says whether the client pauses its playback."""
    assert parse(json.dumps({"event": "start", "websocket_id": "a", "pauses": value})) == Start("a", pauses=pauses)


@pytest.mark.parametrize("value", ["true", 1, [], {}])
def test_other_values_are_refused(value: Any) -> None:
    """The error names the field and what is allowed."""
    with pytest.raises(WireError, match=r"pauses: true or false is needed") as wrong:
        parse(json.dumps({"event": "start", "websocket_id": "a", "pauses": value}))
    assert wrong.value.field == "pauses"
