"""The benchmark's streams: no sign-in and no session limit, so that only the work is measured."""

from typing import Any, Literal

from streaming import ReplyOnPause, Stream
from tests.bench.site.agent import answer, long_answer
from tests.bench.site.handlers import Blocking, Echo, Ticker, negative, respond
from tests.bench.site.session_counts import Counted

TELEPHONE, WIDE = 8_000, 24_000


def _stream(handler: Any, name: str, modality: Literal["audio", "video"] = "audio") -> Stream:
    return Stream(handler, modality=modality, mode="send-receive", name=name, concurrency_limit=None, public=True)


echo = _stream(Echo(TELEPHONE), "bench-echo")
wide = _stream(Echo(WIDE), "bench-wide")
pause = _stream(ReplyOnPause(respond, input_sample_rate=TELEPHONE, output_sample_rate=TELEPHONE), "bench-pause")
blocking = _stream(Blocking(TELEPHONE), "bench-blocking")
counted = _stream(Counted(TELEPHONE), "bench-counted")
agent = _stream(ReplyOnPause(answer), "bench-agent")
long = _stream(ReplyOnPause(long_answer), "bench-long")
ticker = _stream(Ticker(TELEPHONE), "bench-ticker")
video = _stream(negative, "bench-video", "video")
