"""A video for a browser's fake camera: a square that moves from left to right and back on a darker background."""

from pathlib import Path

import numpy as np

WIDTH, HEIGHT, SIDE = 320, 240, 64
STEP = 16
FRAMES_PER_SECOND = 10
DARK, BRIGHT, NO_COLOUR = 40, 100, 128


def film(path: Path) -> Path:
    """Write the video as raw YUV4MPEG2, which Chromium repeats."""
    forth = list(range(16, WIDTH - SIDE - 16, STEP))
    chroma = np.full(WIDTH * HEIGHT // 2, NO_COLOUR, np.uint8).tobytes()
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for left in [*forth, *reversed(forth)]:
            luma = np.full((HEIGHT, WIDTH), DARK, np.uint8)
            luma[96 : 96 + SIDE, left : left + SIDE] = BRIGHT
            out.write(b"FRAME\n" + luma.tobytes() + chroma)
    return path
