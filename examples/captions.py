"""Live captions: what is said is written into the video while somebody speaks.

parley run examples/captions.py
"""

import asyncio
import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley import AdditionalOutputs, AsyncAudioVideoStreamHandler, Stream, get_stt_model

RATE = 16_000
EVERY_S = 0.5
LONGEST_S = 10.0
PAUSE_S = 0.8
LOUD = 300
"""Root mean square, of 32768, from which audio may be speech."""
LETTERS = """A25755 B65656 C34443 D65556 E74647 F74644 G34553 H55755 I72227 J11152 K55655 L44447 M57755 N65555 O25552 P65644 Q25563 R65655
S34216 T72222 U55557 V55552 W55775 X55255 Y55222 Z71247 075557 126227 271747 371717 455711 574717 674757 771111 875757 975717
.00002 ,00024 ?71202 !22202 '22000 -00700 :02020"""
FONT = {word[0]: word[1:] for word in LETTERS.split()}
"""Each letter has five rows of three pixels, an octal digit each."""

Picture = NDArray[np.uint8]
listen = get_stt_model()


class Captions(AsyncAudioVideoStreamHandler):
    """Recognises the audio since the last pause again and again, and draws the text into each frame."""

    def __init__(self) -> None:
        super().__init__("mono", 24_000, input_sample_rate=RATE)
        self.heard: NDArray[np.int16] = np.zeros(0, np.int16)
        self.text = self.shown = ""
        self.frames: asyncio.Queue[Picture] = asyncio.Queue(2)

    def copy(self) -> "Captions":
        """Return a handler for another session."""
        return Captions()

    async def start_up(self) -> None:
        """Recognise the speech until the session ends."""
        while True:
            await asyncio.sleep(EVERY_S)
            heard = self.heard
            if loudness(heard) > LOUD:
                self.text = await asyncio.to_thread(listen.stt, (RATE, heard)) or self.text
            is_pause = loudness(heard[-int(PAUSE_S * RATE) :]) <= LOUD
            self.heard = self.heard[len(heard) :] if is_pause else self.heard[-int(LONGEST_S * RATE) :]

    async def receive(self, frame: Any) -> None:
        """Keep the audio."""
        self.heard = np.concatenate((self.heard, frame[1].reshape(-1)))

    async def video_receive(self, frame: Picture) -> None:
        """Keep the newest frames."""
        if self.frames.full():
            self.frames.get_nowait()
        self.frames.put_nowait(frame)

    async def emit(self) -> None:
        """Send no audio."""
        await asyncio.sleep(1)

    async def video_emit(self) -> Any:
        """Return the next frame with the text, and the text itself when it is new."""
        picture = write(await self.frames.get(), self.text)
        if self.text == self.shown:
            return picture
        self.shown = self.text
        return picture, AdditionalOutputs({"caption": self.text})


def loudness(samples: NDArray[np.int16]) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) if len(samples) else 0.0


def write(picture: Picture, text: str) -> Picture:
    """Return the frame with the last two lines of a text at its lower edge."""
    if not text:
        return picture
    scale = max(1, picture.shape[1] // 160)
    lines = textwrap.wrap(text.upper(), max(1, picture.shape[1] // (4 * scale) - 1))[-2:]
    written = picture.copy()
    written[-(6 * len(lines) + 2) * scale :] //= 4
    for number, line in enumerate(reversed(lines), 1):
        dots = np.concatenate([letter(sign) for sign in line], axis=1).repeat(scale, 0).repeat(scale, 1)
        top = picture.shape[0] - 6 * scale * number - scale
        written[top : top + 5 * scale, 2 * scale : 2 * scale + dots.shape[1]][dots] = 255
    return written


def letter(sign: str) -> NDArray[np.bool_]:
    """Return the dots of a letter, of shape (5, 4); unknown ones are blank."""
    rows = [[bool(int(row) >> bit & 1) for bit in (2, 1, 0)] + [False] for row in FONT.get(sign, "00000")]
    return np.array(rows)


stream = Stream(Captions(), modality="audio-video", mode="send-receive", ui_args={"title": "Live captions"})

if __name__ == "__main__":
    stream.ui.launch()
