"""Marks and counts what moves in front of your camera.

A function from frame to frame, here an object with a `copy` because it has state; with an input, and outputs. The frame is divided
into blocks; adjacent blocks that are lighter or darker than usual form one moving area.
"""

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from streaming import AdditionalOutputs, Stream, VideoStreamHandler

VideoFrame = NDArray[np.uint8]
"""Shape (height, width, 3), BGR."""
BLOCK = 16
"""Width and height of a block in pixels."""
LEAST_BLOCKS = 2
"""Smaller areas are ignored as noise."""
GREEN = (80, 220, 60)
LINE = 4
STEP = 4.0
"""Most change of the background per frame, of 255: a passing object leaves no trace, a resting one becomes background in seconds."""
MOST_CHANGE = 80.0
"""Difference in lightness, of 255, that counts at conf_threshold 1."""

Box = tuple[int, int, int, int]


class Inputs(BaseModel):
    """The inputs that the input hook accepts."""

    model_config = ConfigDict(extra="forbid")

    conf_threshold: float = Field(
        0.3, ge=0, le=1, title="Threshold", description="How much must change: 0 marks everything, 1 the greatest changes."
    )


class Motion:
    """Compares each frame with a running estimate of the background; each session has its own copy."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._last_count = -1

    def copy(self) -> "Motion":
        """Return a new one without a background, for another session."""
        return Motion()

    def __call__(self, image: VideoFrame, conf_threshold: float = 0.3) -> VideoFrame | tuple[VideoFrame, AdditionalOutputs]:
        """Return the frame with its moving areas marked, and an output with their number and boxes whenever the number changes."""
        now = blocks_of(image)
        if self._background is None or self._background.shape != now.shape:
            self._background = now
        change = now - self._background
        self._background = self._background + np.clip(change, -STEP, STEP)
        boxes = areas(np.abs(change) > max(2.0, conf_threshold * MOST_CHANGE))
        marked = framed(image, boxes)
        if len(boxes) == self._last_count:
            return marked
        self._last_count = len(boxes)
        return marked, AdditionalOutputs({"moving": len(boxes), "boxes": [list(box) for box in boxes]})


def blocks_of(image: VideoFrame) -> NDArray[np.float32]:
    """Return the mean lightness, 0 to 255, of each whole block."""
    rows, columns = image.shape[0] // BLOCK, image.shape[1] // BLOCK
    whole = image[: rows * BLOCK, : columns * BLOCK].mean(axis=2, dtype=np.float32)
    means: NDArray[np.float32] = whole.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    return means


def areas(moving: NDArray[np.bool_]) -> list[Box]:
    """Return the boxes (left, top, right, bottom), in pixels, around groups of adjacent blocks."""
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


def framed(image: VideoFrame, boxes: list[Box]) -> VideoFrame:
    """Return a copy of the picture with a green line around each box."""
    marked = image.copy()
    for left, top, right, bottom in boxes:
        marked[top : top + LINE, left:right] = GREEN
        marked[bottom - LINE : bottom, left:right] = GREEN
        marked[top:bottom, left : left + LINE] = GREEN
        marked[top:bottom, right - LINE : right] = GREEN
    return marked


motion = Stream(
    VideoStreamHandler(Motion(), skip_frames=True),
    modality="video",
    mode="send-receive",
    name="motion",
    inputs=Inputs,
    ui_args={"title": gettext_noop("Motion")},
)
