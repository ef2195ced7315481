"""`docs/reference/fastrtc.md` has the limits, words and times of the code."""

from pathlib import Path

import pytest

from streaming.protocols.fastrtc import FORMATS, LONGEST_MEDIA_BYTES, parsing
from streaming.transports import sse, stream_socket
from streaming.types.outputs import KEPT

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "fastrtc.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "said",
    [
        *(f"`{name}`" for name in FORMATS),
        f"up to {LONGEST_MEDIA_BYTES} bytes",
        f"1 to {parsing.LONGEST_ID} printable characters",
        f"{parsing.LOWEST_RATE} to {parsing.HIGHEST_RATE}",
        f"last {KEPT} outputs",
        f"after {sse.HEARTBEAT_S:g} s of silence",
        f"up to {sse.GRACE_S:g} s after its first reader",
        f"at most {stream_socket.LEAD_S:g} s ahead",
    ],
)
def test_the_page_has_the_limits(said: str) -> None:
    """A limit that is changed in the code is changed on the page."""
    assert said in PAGE
