"""The queue of audio bytes of one recognition: any thread appends, one thread decodes in bounded portions, the VAD thread takes samples.

Only one thread decodes at a time. With an in-place decoder (LINEAR16, mu-law) it is the VAD thread, in `take`; otherwise it is the
thread of the decode executor (decode_executor.py), in `decode_portion`. When the decoder is switched to one of the other kind, the
thread that has been decoding performs the switch last. The lock guards the queues and their sums.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from streaming.audio.codecs import RATE, AudioError, Decoder
from streaming.audio.pcm import Samples
from streaming.audio.resample import EMPTY

MOST_PENDING_BYTES = 1_048_576
"""Bytes that may wait to be decoded, with the overhead of each chunk: half a minute of LINEAR16 at 16 kHz."""
_INITIAL_S_PER_BYTE = 1 / 32_000  # until anything was decoded: LINEAR16 at 16 kHz
_MIN_S_PER_BYTE = 1 / 192_000  # even if the bytes so far held less: 16-bit stereo at 48 kHz
_CHUNK_BYTES = 128  # overhead of a chunk
_SWITCH_BYTES = 4_096  # weight of a queued decoder
_READY_S = 1.0  # limit of decoded audio that was not taken yet, plus one frame or packet
_PORTION_S = 0.25  # limit of audio decoded per portion of the executor, plus one frame or packet
_PORTION_CPU_S = 0.005  # limit of CPU time per portion
_PORTION_CHUNKS = 256  # limit of chunks per portion: even an empty chunk costs time

CPU_PER_WALL_S = 0.1
"""CPU seconds of decoding per second of wall time. At 1 to 2 ms per second of audio this is 50 to 100 times real time, about the speed
of recognition."""
BURST_CPU_S = 0.5
"""CPU seconds by which a session may exceed that rate: 150 s of FLAC or Opus, sent again after a restart, take 0.2 to 0.5 s."""
CPU_PER_AUDIO_S = 0.25
"""CPU seconds that one second of decoded audio may cost: about 100 times the cost of FLAC at 48 kHz, 25 times the cost of Opus in
packets of 2.5 ms."""
CPU_PER_BYTE = 0.2e-6
"""CPU seconds that one byte may cost in addition, whether it becomes audio or not: skipping pictures and other tracks takes 0.01e-6,
headers without a valid frame take 2e-6."""
GRACE_CPU_S = 0.5
"""CPU seconds by which a session may exceed these prices in total. The first packet, which opens the decoder, takes less than 0.05."""
ERROR_CPU_S = 0.02
"""CPU seconds added to the rate for a rejected chunk, for the event loop's work on the error message. Not part of the price."""


class CpuBudget:
    """CPU budget for decoding the audio of one session. Only the thread that decodes for the session at the time may call it.

    There are two limits: a rate (a session above it waits) and a price per second of audio and per byte (a session above it ends). All
    costs are CPU time of the decoding thread, so load on the machine does not make a session look expensive.
    """

    def __init__(self) -> None:
        self._level = BURST_CPU_S  # below 0 the session has to wait
        self._refilled_at = time.monotonic()
        self._debt_s = 0.0

    def spend(self, cpu_s: float, *, audio_s: float, consumed: int, errors: int) -> bool:
        """Record a portion of work: its CPU time, the seconds of audio decoded, the bytes consumed and the chunks rejected.

        Return False once the session's audio costs more CPU than any real audio does.
        """
        self._refill()
        self._level -= cpu_s + errors * ERROR_CPU_S
        self._debt_s = max(0.0, self._debt_s + cpu_s - audio_s * CPU_PER_AUDIO_S - consumed * CPU_PER_BYTE)
        return self._debt_s <= GRACE_CPU_S

    @property
    def wait_s(self) -> float:
        """Seconds until the session may decode again; 0 if it may decode now."""
        self._refill()
        return max(0.0, -self._level / CPU_PER_WALL_S)

    def _refill(self) -> None:
        now = time.monotonic()
        self._level = min(BURST_CPU_S, self._level + (now - self._refilled_at) * CPU_PER_WALL_S)
        self._refilled_at = now


class _End:
    """Marks the end of the audio."""


class DecodeCostError(AudioError):
    """The audio of a session takes more CPU than any real audio; no more of it is decoded."""


class DecodeQueue:
    """A queue of chunks, a decoder and a queue of decoded samples. `on_error` is called for each chunk that cannot be decoded."""

    def __init__(self, decoder: Decoder, on_error: Callable[[AudioError], None]) -> None:
        self._decoder = decoder
        self._on_error = on_error
        self._budget = CpuBudget()
        self._items: deque[bytes | Decoder | _End] = deque()
        self._ready: deque[Samples | _End] = deque()
        self._lock = threading.Lock()
        self._closed = self._cleared = self._refused = False
        self._bytes = self._weight = 0  # of the chunks not fully decoded; the weight includes their overhead
        self._ready_samples = 0
        self._blocks: Iterator[Samples] | None = None  # of the chunk being decoded
        self._chunk_bytes = self._chunk_samples = 0
        self._decoding = False
        self._decoded_bytes, self._decoded_s = 0, 0.0  # by the current decoder
        self._earlier_s = 0.0  # decoded by earlier decoders
        self.ended = False

    # -- any thread

    def feed(self, chunk: bytes) -> bool:
        """Append a chunk; return False once the queue is closed."""
        with self._lock:
            if self._closed:
                return False
            if chunk and not self._refused:
                self._items.append(chunk)
                self._bytes += len(chunk)
                self._weight += len(chunk) + _CHUNK_BYTES
            return True

    def switch(self, decoder: Decoder) -> bool:
        """Decode later chunks with another decoder; return False once the queue is closed."""
        with self._lock:
            if not self._closed:
                self._items.append(decoder)
                self._weight += _SWITCH_BYTES
            return not self._closed

    def close(self) -> bool:
        """Accept no more chunks; `ended` becomes true once all samples were taken. Return False if already closed."""
        with self._lock:
            if self._closed:
                return False
            self._closed = True
            self._items.append(_End())
            return True

    def clear(self) -> None:
        """Drop everything and accept no more chunks."""
        with self._lock:
            self._closed = self._cleared = True
            self._items.clear()
            self._ready.clear()
            self._bytes = self._weight = self._ready_samples = 0

    def __bool__(self) -> bool:
        """Return whether anything waits to be decoded or taken, or is being decoded."""
        with self._lock:
            return bool(self._items or self._ready or self._decoding)

    @property
    def in_place(self) -> bool:
        """Whether `take` decodes instead of the executor."""
        return self._decoder.in_place

    @property
    def full(self) -> bool:
        """Whether the client must wait because too many bytes are queued."""
        return self._weight >= MOST_PENDING_BYTES

    @property
    def seconds(self) -> float:
        """Seconds of audio that wait, estimated from the audio per byte decoded so far.

        Bytes have a minimum duration even if no audio was decoded yet; otherwise a client that sends no audio would never have to wait.
        """
        return self._bytes * max(self._seconds_per_byte, _MIN_S_PER_BYTE) + self._ready_samples / RATE

    @property
    def fed(self) -> float:
        """Seconds of audio fed so far; of compressed audio, the part not decoded yet is estimated."""
        with self._lock:  # a chunk that is being decoded counts once
            return self._earlier_s + self._decoded_s + self._bytes * self._seconds_per_byte

    @property
    def _seconds_per_byte(self) -> float:
        if self._decoder.seconds_per_byte is not None:
            return self._decoder.seconds_per_byte
        return self._decoded_s / self._decoded_bytes if self._decoded_bytes > 2_000 else _INITIAL_S_PER_BYTE

    # -- the VAD thread

    def take(self, enough_s: float) -> Samples:
        """Return about `enough_s` seconds of decoded audio, or what there is. Decodes here if the decoder is in-place. Never raises."""
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
        """Whether `decode_portion` must be called: to decode, or to wait until the budget allows it."""
        if not self._items and not self._decoding:
            return False
        return bool(self._budget.wait_s) if self.in_place else self._ready_samples < _READY_S * RATE

    # -- the decode executor's thread

    def decode_portion(self) -> float | None:
        """Decode a portion of the queue (see `DecodeTask`). With an in-place decoder, only wait until the budget allows decoding."""
        wait_s = self._budget.wait_s
        if wait_s or self.in_place:
            return wait_s or None
        self._decode(_PORTION_S, in_place=False)
        if self.in_place or not (self._items or self._decoding) or self._ready_samples >= _READY_S * RATE:
            return None
        return self._budget.wait_s

    # -- the thread that decodes at the time

    def _decode(self, enough_s: float, *, in_place: bool) -> None:
        """Decode until there is enough audio, a limit is reached, the queue is empty, or the next decoder belongs to the other thread."""
        began = time.thread_time()
        made = consumed = errors = chunks = 0
        while made < enough_s * RATE and chunks < _PORTION_CHUNKS and self._decoder.in_place is in_place:
            if self._blocks is None and not self._next_item():
                break
            if self._blocks is not None:
                try:
                    block = next(self._blocks, None)
                except AudioError as error:
                    self._on_error(error)
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
        if not self._budget.spend(time.thread_time() - began, audio_s=made / RATE, consumed=consumed, errors=errors):
            self._refuse()

    def _next_item(self) -> bool:
        """Start the first item of the queue; return False if the queue is empty."""
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
                self._earlier_s += self._decoded_s
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
        """Decode no more of this session; what was decoded is still processed."""
        with self._lock:
            if self._refused:
                return
            self._refused = True
            self._items = deque(item for item in self._items if isinstance(item, _End))
            self._blocks, self._decoding = None, False
            self._bytes = self._weight = 0
        self._on_error(DecodeCostError("audio: this takes more computing time to decode than any real audio; the session is closed"))
