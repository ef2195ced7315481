"""Watches a shared screen and reports each new slide: when it came, and how much of the screen changed.

    parley run examples/screen_share.py

Press "Share screen" on the page; docs/reference/clients.md shows how a page of your own does it (`shareScreen()`).
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley import AdditionalOutputs, Stream, VideoStreamHandler

BLOCK = 16
CHANGED = 12.0
"""Least difference of a block, of 255, that counts as a change."""
NEW_SLIDE = 0.2
"""Share of changed blocks from which on it is a new slide."""

Picture = NDArray[np.uint8]


class Slides:
    """Compares each frame with the slide before; every session has its own."""

    def __init__(self) -> None:
        self.slide: NDArray[np.float64] | None = None
        self.number = 0
        self.began = time.monotonic()

    def copy(self) -> "Slides":
        """Return a new one for another session."""
        return Slides()

    def __call__(self, image: Picture) -> Any:
        """Return the frame as it is, and an output for each new slide."""
        rows, columns = image.shape[0] // BLOCK, image.shape[1] // BLOCK
        blocks = image[: rows * BLOCK, : columns * BLOCK].mean(axis=2).reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
        before, is_same_size = self.slide, self.slide is not None and self.slide.shape == blocks.shape
        changed = float(np.mean(np.abs(blocks - before) > CHANGED)) if before is not None and is_same_size else 1.0
        if changed < NEW_SLIDE:
            return image
        self.slide, self.number = blocks, self.number + 1
        seconds = round(time.monotonic() - self.began, 1)
        return image, AdditionalOutputs({"slide": self.number, "seconds": seconds, "changed": round(changed, 2)})


handler = VideoStreamHandler(Slides(), skip_frames=True)
stream = Stream(handler, modality="video", mode="send-receive", ui_args={"title": "Screen share"})

if __name__ == "__main__":
    stream.ui.launch()
