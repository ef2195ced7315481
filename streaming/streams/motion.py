"""Marks what moves in front of your camera, and counts it.

A function from picture to picture, here an object with a `copy`, because it remembers; with an input, and outputs.
The picture is looked at in blocks of a few pixels; those lighter or darker than they usually are make an area with their neighbours.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from streaming import AdditionalOutputs, Stream, VideoStreamHandler

Picture = NDArray[np.uint8]
"""Shape (height, width, 3), blue green red."""
BLOCK = 16
"""Pixels on a side of what is looked at as one."""
LEAST_BLOCKS = 2
GREEN = (80, 220, 60)
LINE = 4
STEP = 4.0
"""By so much, of 255, what is usual follows each picture: what passes leaves no trace, what has come to rest is forgotten in seconds."""
MOST_CHANGE = 80.0
"""Difference in lightness, of 255, that counts at conf_threshold 1."""

Box = tuple[int, int, int, int]


class Inputs(BaseModel):
    """What the input hook takes."""

    model_config = ConfigDict(extra="forbid")

    conf_threshold: float = Field(
        0.3, ge=0, le=1, title="Threshold", description="How much must change: 0 marks everything, 1 the greatest changes."
    )


class Motion:
    """Remembers how light each block usually is; each session has its own, by `copy`."""

    def __init__(self) -> None:
        self._usual: NDArray[np.float32] | None = None
        self._told = -1

    def copy(self) -> "Motion":
        """Return one that has seen nothing."""
        return Motion()

    def __call__(self, image: Picture, conf_threshold: float = 0.3) -> Picture | tuple[Picture, AdditionalOutputs]:
        """Return the picture with its moving areas framed, and their number whenever it changes."""
        now = blocks_of(image)
        if self._usual is None or self._usual.shape != now.shape:
            self._usual = now
        change = now - self._usual
        self._usual = self._usual + np.clip(change, -STEP, STEP)
        boxes = areas(np.abs(change) > max(2.0, conf_threshold * MOST_CHANGE))
        marked = framed(image, boxes)
        if len(boxes) == self._told:
            return marked
        self._told = len(boxes)
        return marked, AdditionalOutputs({"moving": len(boxes), "boxes": [list(box) for box in boxes]})


def blocks_of(image: Picture) -> NDArray[np.float32]:
    """Return the mean lightness, 0 to 255, of each whole block."""
    rows, columns = image.shape[0] // BLOCK, image.shape[1] // BLOCK
    whole = image[: rows * BLOCK, : columns * BLOCK].mean(axis=2, dtype=np.float32)
    means: NDArray[np.float32] = whole.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    return means


def areas(moving: NDArray[np.bool_]) -> list[Box]:
    """Return the boxes (left, top, right, bottom), in pixels, around blocks that touch each other."""
    left = {(int(row), int(column)) for row, column in np.argwhere(moving)}
    boxes: list[Box] = []
    while left:
        group, edge = set[tuple[int, int]](), [left.pop()]
        while edge:
            row, column = edge.pop()
            group.add((row, column))
            near = {(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= near
            edge += near
        if len(group) >= LEAST_BLOCKS:
            rows, columns = [row for row, _ in group], [column for _, column in group]
            boxes.append((min(columns) * BLOCK, min(rows) * BLOCK, (max(columns) + 1) * BLOCK, (max(rows) + 1) * BLOCK))
    return sorted(boxes)


def framed(image: Picture, boxes: list[Box]) -> Picture:
    """Return a copy of the picture with a green line around each box."""
    marked = image.copy()
    for left, top, right, bottom in boxes:
        marked[top : top + LINE, left:right] = GREEN
        marked[bottom - LINE : bottom, left:right] = GREEN
        marked[top:bottom, left : left + LINE] = GREEN
        marked[top:bottom, right - LINE : right] = GREEN
    return marked


motion = Stream(VideoStreamHandler(Motion(), skip_frames=True), modality="video", mode="send-receive", name="motion", inputs=Inputs)
