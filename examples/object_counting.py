"""Counts the objects in front of the camera that are lighter or darker than the background, such as coins on a table.

    parley run examples/object_counting.py

It needs numpy only. The contrast can be changed while it runs.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from parley import AdditionalOutputs, Stream

BLOCK = 8
"""Pixels of the side of a block; smaller objects are not seen."""
LINE = 2
GREEN = (80, 220, 60)

Picture = NDArray[np.uint8]
Box = tuple[int, int, int, int]


class Inputs(BaseModel):
    """What the page and the input hook can set."""

    contrast: float = Field(40, ge=5, le=200, title="Contrast", description="Least difference from the background, of 255.")


def count(image: Picture, contrast: float = 40) -> tuple[Picture, AdditionalOutputs]:
    """Return the frame with a line around each object, and their number."""
    rows, columns = image.shape[0] // BLOCK, image.shape[1] // BLOCK
    blocks = image[: rows * BLOCK, : columns * BLOCK].mean(axis=2).reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    boxes = objects(np.abs(blocks - np.median(blocks)) > contrast)
    marked = image.copy()
    for top, left, bottom, right in boxes:
        inside = marked[top + LINE : bottom - LINE, left + LINE : right - LINE].copy()
        marked[top:bottom, left:right] = GREEN
        marked[top + LINE : bottom - LINE, left + LINE : right - LINE] = inside
    return marked, AdditionalOutputs({"objects": len(boxes)})


def objects(differs: NDArray[np.bool_]) -> list[Box]:
    """Return the boxes (top, left, bottom, right), in pixels, around groups of adjacent blocks."""
    left = {(int(row), int(column)) for row, column in np.argwhere(differs)}
    found: list[Box] = []
    while left:
        group, edge = set[tuple[int, int]](), [left.pop()]
        while edge:
            row, column = edge.pop()
            group.add((row, column))
            near = {(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)} & left
            left -= near
            edge += near
        rows, columns = [row for row, _ in group], [column for _, column in group]
        found.append((min(rows) * BLOCK, min(columns) * BLOCK, (max(rows) + 1) * BLOCK, (max(columns) + 1) * BLOCK))
    return sorted(found)


stream = Stream(count, modality="video", mode="send-receive", inputs=Inputs, ui_args={"title": "Object counting"})

if __name__ == "__main__":
    stream.ui.launch()
