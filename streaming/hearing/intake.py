"""The bytes of one recognition on their way in: appended by any thread, decoded by the hearing thread in bounded portions."""

import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from streaming.audio.codecs import RATE, AudioError, Decoder
from streaming.audio.pcm import Samples
from streaming.audio.resample import EMPTY

_FIRST_GUESS = 1 / 32_000  # seconds per byte before anything was decoded: LINEAR16 at 16 kHz
_END = object()


class Intake:
    """A queue of chunks and the decoder at its end. `trouble` is told of each chunk that could not be decoded."""

    def __init__(self, decoder: Decoder, trouble: Callable[[AudioError], None]) -> None:
        self._decoder = decoder
        self._trouble = trouble
        self._items: deque[object] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._bytes = 0
        self._decoded_bytes, self._decoded_s = 0, 0.0  # by the present decoder
        self._heard_s = 0.0  # by those before it
        self.ended = False

    def feed(self, chunk: bytes) -> bool:
        """Append a chunk; False once the intake is closed."""
        with self._lock:
            if self._closed:
                return False
            self._items.append(chunk)
            self._bytes += len(chunk)
            return True

    def switch(self, decoder: Decoder) -> bool:
        """Decode later chunks with another decoder; False once the intake is closed."""
        with self._lock:
            if not self._closed:
                self._items.append(decoder)
            return not self._closed

    def close(self) -> bool:
        """Take no more; `ended` becomes true when all was taken out. False if it was closed before."""
        with self._lock:
            if self._closed:
                return False
            self._closed = True
            self._items.append(_END)
            return True

    def clear(self) -> None:
        """Drop everything and take no more."""
        with self._lock:
            self._closed = True
            self._items.clear()
            self._bytes = 0

    def __bool__(self) -> bool:
        """Tell whether anything waits to be taken."""
        return bool(self._items)

    @property
    def seconds(self) -> float:
        """How much sound waits, in seconds; estimated by what the bytes decoded so far turned out to hold."""
        rate = self._decoded_s / self._decoded_bytes if self._decoded_bytes > 2_000 else _FIRST_GUESS
        return self._bytes * rate

    @property
    def fed(self) -> float:
        """How much sound was fed so far, in seconds; what is not decoded yet is estimated as in `seconds`."""
        return self._heard_s + self._decoded_s + self.seconds

    def take(self, enough_s: float) -> Samples:
        """Decode chunks until `enough_s` seconds are there or none is left; in the hearing thread only. Never raises."""
        blocks: list[Samples] = []
        samples = 0
        while samples < enough_s * RATE:
            with self._lock:
                if not self._items:
                    break
                item = self._items.popleft()
            block = self._take_one(item)
            if len(block):
                blocks.append(block)
                samples += len(block)
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks) if blocks else EMPTY

    def _take_one(self, item: object) -> Samples:
        if isinstance(item, bytes):
            samples = self._decode(item)
            with self._lock:
                self._bytes = max(0, self._bytes - len(item))
            self._decoded_bytes += len(item)
            self._decoded_s += len(samples) / RATE
            return samples
        rest = self._decoder.flush()
        if item is _END:
            self.ended = True
        else:
            self._heard_s += self._decoded_s
            self._decoder = item  # type: ignore[assignment]  # what is neither bytes nor the end mark is a decoder
            self._decoded_bytes, self._decoded_s = 0, 0.0
        return rest

    def _decode(self, chunk: bytes) -> Samples:
        try:
            return self._decoder.decode(chunk)
        except AudioError as error:
            self._trouble(error)
            return EMPTY
