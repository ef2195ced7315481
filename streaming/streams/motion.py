"""Marks what moves in front of your camera, and counts it: a function from picture to picture, with an input and outputs.

The picture is looked at in blocks of a few pixels; blocks that became lighter or darker are gathered into areas by their neighbours.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from streaming import AdditionalOutputs, Stream, VideoStreamHandler
from streaming.engine.line import Picture

BLOCK = 16
"""Pixels on a side of what is looked at as one."""
LEAST_BLOCKS = 2
GREEN = (80, 220, 60)
LINE = 2
MOST_CHANGE = 80.0
"""Difference in lightness, of 255, that counts at conf_threshold 1."""

Box = tuple[int, int, int, int]


class Inputs(BaseModel):
    """What the input hook takes."""

    model_config = ConfigDict(extra="forbid")

    conf_threshold: float = Field(default=0.3, ge=0, le=1, description="How much must change: 0 marks everything, 1 the greatest changes.")


class Motion:
    """Remembers the picture before; each session has its own, by `copy`."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._told = -1

    def copy(self) -> "Motion":
        """Return one that has seen nothing."""
        return Motion()

    def __call__(self, image: Picture, conf_threshold: float = 0.3) -> Picture | tuple[Picture, AdditionalOutputs]:
        """Return the picture with its moving areas framed, and their number whenever it changes."""
        now = blocks_of(image)
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            return image
        boxes = areas(np.abs(now - before) > max(2.0, conf_threshold * MOST_CHANGE))
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
