"""Push to talk: only what is said while the button is down is heard, and the reply begins when it is released, without a pause.

    parley run examples/push_to_talk.py

The page has a checkbox; a program posts {"webrtc_id": ..., "talking": true} and false to the input hook.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from parley import AdditionalOutputs, AlgoOptions, ReplyOnPause, Stream, get_stt_model

TAIL_S = 0.3
"""Seconds for which audio still counts after the button is released: it comes later than the input, by the time in buffers."""

listen = get_stt_model()


class Inputs(BaseModel):
    """What the page and the input hook can set."""

    talking: bool = Field(False, title="Talk", description="Check it while you speak. The reply begins when it is cleared.")


class PushToTalk(ReplyOnPause):
    """Passes audio on while the button is down, and for TAIL_S after that."""

    is_down = False
    talking = False

    def receive(self, frame: Any) -> None:
        """Hear a frame, if the button is down."""
        if self.talking:
            super().receive(frame)

    def set_args(self, args: list[Any]) -> None:
        """Take the state of the button; reply TAIL_S after it is released."""
        super().set_args(args)
        was_down, self.is_down = self.is_down, bool(args[1])
        self.talking = self.talking or self.is_down
        if was_down and not self.is_down:
            self.loop.call_soon_threadsafe(self.loop.call_later, TAIL_S, self.finish)

    def finish(self) -> None:
        """Reply, unless the button is down again."""
        if self.talking and not self.is_down:
            self.talking = False
            self.trigger_response()


def repeat(audio: Any) -> Iterator[Any]:
    """Return the words, and the audio itself."""
    if audio[1].size:
        yield AdditionalOutputs({"said": listen.stt(audio)})
        yield audio


handler = PushToTalk(repeat, algo_options=AlgoOptions(min_silence_ms=60_000), can_interrupt=False)
page = {"title": "Push to talk", "send_input_on": "change"}
stream = Stream(handler, modality="audio", mode="send-receive", inputs=Inputs, ui_args=page)

if __name__ == "__main__":
    stream.ui.launch()
