"""The bytes of one recognition on their way in: appended by any thread, decoded in bounded portions, taken out by the VAD thread.

One thread at a time decodes. While the decoder is one that works in place (LINEAR16, mu-law) it is the VAD thread, in `take`; else it is
the decode executor's, in `decode_portion`. A switch to a decoder of the other kind is done by the thread that decodes so far, as its
last act. The lock guards the queues and their sums.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from streaming.audio.codecs import RATE, AudioError, Decoder
from streaming.audio.pcm import Samples
from streaming.audio.resample import EMPTY
from streaming.speech.cpu_budget import CpuBudget

MOST_PENDING_BYTES = 1_048_576
"""Bytes that may wait for their decoding, and what each chunk costs beside them: half a minute of LINEAR16 at 16 kHz."""
_FIRST_GUESS = 1 / 32_000  # seconds per byte before anything was decoded: LINEAR16 at 16 kHz
_LEAST_S_PER_BYTE = 1 / 192_000  # however little came of the bytes so far: stereo at 48 kHz and 16 bits
_CHUNK_BYTES = 128  # what a chunk costs beside its content
_SWITCH_BYTES = 4_096  # what a decoder costs that waits
_AHEAD_S = 1.0  # decoded and not taken yet, at most, and one frame or packet
_PORTION_S = 0.25  # decoded in one turn of the executor, at most, and one frame or packet
_PORTION_CPU_S = 0.005  # the same in CPU time
_PORTION_CHUNKS = 256  # chunks begun in one portion: each costs something, however short it is


class _End:
    """Behind the last samples."""


class DecodeCostError(AudioError):
    """A session's audio takes more CPU than any real audio; nothing more of it is decoded."""


class DecodeQueue:
    """A queue of chunks, the decoder behind it, and a queue of what it made. `trouble` is called for each chunk that cannot be decoded."""

    def __init__(self, decoder: Decoder, trouble: Callable[[AudioError], None]) -> None:
        self._decoder = decoder
        self._trouble = trouble
        self._budget = CpuBudget()
        self._items: deque[bytes | Decoder | _End] = deque()
        self._ready: deque[Samples | _End] = deque()
        self._lock = threading.Lock()
        self._closed = self._cleared = self._refused = False
        self._bytes = self._weight = 0  # of the chunks whose decoding has not ended; the weight counts their overhead too
        self._ready_samples = 0
        self._blocks: Iterator[Samples] | None = None  # of the chunk that is being decoded
        self._chunk_bytes = self._chunk_samples = 0
        self._decoding = False
        self._decoded_bytes, self._decoded_s = 0, 0.0  # by the present decoder
        self._heard_s = 0.0  # by those before it
        self.ended = False

    # -- any thread

    def feed(self, chunk: bytes) -> bool:
        """Append a chunk; False once the intake is closed."""
        with self._lock:
            if self._closed:
                return False
            if chunk and not self._refused:
                self._items.append(chunk)
                self._bytes += len(chunk)
                self._weight += len(chunk) + _CHUNK_BYTES
            return True

    def switch(self, decoder: Decoder) -> bool:
        """Decode later chunks with another decoder; False once the intake is closed."""
        with self._lock:
            if not self._closed:
                self._items.append(decoder)
                self._weight += _SWITCH_BYTES
            return not self._closed

    def close(self) -> bool:
        """Take no more; `ended` becomes true when all was taken out. False if it was closed before."""
        with self._lock:
            if self._closed:
                return False
            self._closed = True
            self._items.append(_End())
            return True

    def clear(self) -> None:
        """Drop everything and take no more."""
        with self._lock:
            self._closed = self._cleared = True
            self._items.clear()
            self._ready.clear()
            self._bytes = self._weight = self._ready_samples = 0

    def __bool__(self) -> bool:
        """Tell whether anything waits to be decoded or taken, or is being decoded."""
        with self._lock:
            return bool(self._items or self._ready or self._decoding)

    @property
    def in_place(self) -> bool:
        """Whether `take` decodes, rather than the executor."""
        return self._decoder.in_place

    @property
    def full(self) -> bool:
        """Whether so many bytes wait that the client must be made to wait."""
        return self._weight >= MOST_PENDING_BYTES

    @property
    def seconds(self) -> float:
        """How much audio waits, in seconds; estimated by what the bytes decoded so far turned out to hold.

        Bytes count something even where nothing came of those before them: else a client that sends no audio is never made to wait.
        """
        return self._bytes * max(self._seconds_per_byte, _LEAST_S_PER_BYTE) + self._ready_samples / RATE

    @property
    def fed(self) -> float:
        """How much audio was fed so far, in seconds; what is not decoded yet is estimated by what was."""
        return self._heard_s + self._decoded_s + self._bytes * self._seconds_per_byte

    @property
    def _seconds_per_byte(self) -> float:
        return self._decoded_s / self._decoded_bytes if self._decoded_bytes > 2_000 else _FIRST_GUESS

    # -- the VAD thread

    def take(self, enough_s: float) -> Samples:
        """Return decoded audio, in place where the decoder is of that kind: about `enough_s` seconds or what there is. Never raises."""
        if self.in_place and self._ready_samples < enough_s * RATE and not self._budget.wait_s:
            self._decode(enough_s, in_place=True)
        blocks: list[Samples] = []
        samples = 0
        with self._lock:
            while self._ready and samples < enough_s * RATE:
                block = self._ready.popleft()
                if isinstance(block, _End):
                    self.ended = True
                    continue
                blocks.append(block)
                samples += len(block)
            self._ready_samples -= samples
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks) if blocks else EMPTY

    @property
    def can_take(self) -> bool:
        """Whether another `take` may return something now."""
        return bool(self._ready) or (self.in_place and bool(self._items) and not self._budget.wait_s)

    @property
    def wants_executor(self) -> bool:
        """Whether bytes wait for `decode_portion`: to be decoded there, or for their time to come."""
        if not self._items and not self._decoding:
            return False
        return bool(self._budget.wait_s) if self.in_place else self._ready_samples < _AHEAD_S * RATE

    # -- the decode executor's thread

    def decode_portion(self) -> float | None:
        """Decode some of what waits, as `DecodeTask` says. Where `take` decodes, only wait until the budget allows it."""
        wait_s = self._budget.wait_s
        if wait_s or self.in_place:
            return wait_s or None
        self._decode(_PORTION_S, in_place=False)
        if self.in_place or not (self._items or self._decoding) or self._ready_samples >= _AHEAD_S * RATE:
            return None
        return self._budget.wait_s

    # -- whichever thread decodes

    def _decode(self, enough_s: float, *, in_place: bool) -> None:
        """Decode until there is enough, a portion's limit is reached, nothing waits, or the other thread's kind of decoder is next."""
        began = time.thread_time()
        made = consumed = errors = chunks = 0
        while made < enough_s * RATE and chunks < _PORTION_CHUNKS and self._decoder.in_place is in_place:
            if self._blocks is None and not self._next_item():
                break
            if self._blocks is not None:
                try:
                    block = next(self._blocks, None)
                except AudioError as error:
                    self._trouble(error)
                    block, errors = None, errors + 1
                if block is not None:
                    made += len(block)
                    self._put(block)
                if block is None or in_place:
                    consumed += self._chunk_bytes
                    self._end_chunk()
                    chunks += 1
            if time.thread_time() - began > _PORTION_CPU_S:
                break
        self._budget.spend(time.thread_time() - began, audio_s=made / RATE, consumed=consumed, errors=errors)
        if self._budget.exceeded:
            self._refuse()

    def _next_item(self) -> bool:
        """Begin with what is first in the queue; False where nothing is."""
        with self._lock:
            if not self._items:
                return False
            item = self._items.popleft()
            self._decoding = True
        if isinstance(item, bytes):
            self._blocks, self._chunk_bytes, self._chunk_samples = self._decoder.blocks(item), len(item), 0
            return True
        self._put(self._decoder.flush())
        with self._lock:
            if isinstance(item, _End):
                self._ready.append(item)
            else:
                self._weight -= min(self._weight, _SWITCH_BYTES)
                self._heard_s += self._decoded_s
                self._decoded_bytes, self._decoded_s = 0, 0.0
                self._decoder = item
            self._decoding = False
        return True

    def _end_chunk(self) -> None:
        with self._lock:
            self._bytes = max(0, self._bytes - self._chunk_bytes)
            self._weight = max(0, self._weight - self._chunk_bytes - _CHUNK_BYTES)
            self._decoded_bytes += self._chunk_bytes
            self._decoded_s += self._chunk_samples / RATE
            self._blocks = None
            self._decoding = False

    def _put(self, block: Samples) -> None:
        with self._lock:
            self._chunk_samples += len(block)
            if len(block) and not self._cleared:
                self._ready.append(block)
                self._ready_samples += len(block)
            if self._cleared:
                self._blocks, self._decoding = None, False

    def _refuse(self) -> None:
        """Decode nothing more of this session; what was decoded is still heard."""
        with self._lock:
            if self._refused:
                return
            self._refused = True
            self._items = deque(item for item in self._items if isinstance(item, _End))
            self._blocks, self._decoding = None, False
            self._bytes = self._weight = 0
        self._trouble(DecodeCostError("audio: this takes more computing time to decode than any real audio; the session is closed"))
