"""The channel layer without Redis: within a process, and between the processes of one machine that share a DATA_DIR.

It differs from the in-memory layer of Channels in these points: it reaches other processes (`local_sockets.py`), it works from any thread
and event loop, and a reader that leaves messages unread stays in its groups. A message is serialised by msgpack, as with Redis, so
that it means the same to every receiver. Messages may be lost: at a channel's capacity, after `expiry`, and when a process ends.
"""

import asyncio
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, assert_never
from uuid import uuid4

import msgpack
from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer

from streaming.aio.executors import Threads
from streaming.cluster.local_sockets import LocalSockets, is_id

MOST_BYTES = 16 * 1024 * 1024
"""Serialised bytes that may wait on one channel."""
AT_ONCE = 64
"""Messages that `receive` returns without letting other tasks run."""
_CLOSING_THREADS = Threads("local-sockets-closing", 1)
_Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]
LayerMessage = dict[str, Any]
"""A message of a channel layer, as Channels defines it: any values that msgpack serialises."""


class _Kind(IntEnum):
    """What a frame asks of the process that gets it."""

    SEND = 0
    GROUP_SEND = 1
    GROUP_ADD = 2
    GROUP_DISCARD = 3


class _Channel:
    """The messages of one channel, and the tasks that wait for one. The layer's lock guards it."""

    def __init__(self, capacity: int) -> None:
        self.waiters: deque[_Waiter] = deque()
        self.received = 0
        self._capacity = capacity
        self._messages: deque[tuple[float, bytes]] = deque()
        self._bytes = 0

    def put(self, packed: bytes, expires: float) -> bool:
        """Add a message; return False if there is no room."""
        if self._messages and (len(self._messages) >= self._capacity or self._bytes + len(packed) > MOST_BYTES):
            return False
        self._messages.append((expires, packed))
        self._bytes += len(packed)
        self.wake_one()
        return True

    def take(self, now: float) -> bytes | None:
        """Remove and return the oldest message that has not expired; None if there is none."""
        while self._messages:
            expires, packed = self._messages.popleft()
            self._bytes -= len(packed)
            if expires > now:
                return packed
        return None

    def is_unused(self, now: float) -> bool:
        """Remove expired messages; return whether the channel has neither messages nor readers then."""
        while self._messages and self._messages[0][0] <= now:
            self._bytes -= len(self._messages.popleft()[1])
        return not self._messages and not self.waiters

    def wake_one(self) -> None:
        """Wake a task that waits, if there is a message; it may be in any event loop."""
        while self._messages and self.waiters:
            loop, waiter = self.waiters.popleft()
            if loop is _running_loop():
                if waiter.done():
                    continue
                waiter.set_result(None)
                return
            try:
                loop.call_soon_threadsafe(_wake, waiter)
            except RuntimeError:  # that loop is closed
                continue
            return


class LocalChannelLayer(BaseChannelLayer):  # type: ignore[misc]  # Channels has no types
    """A channel layer of one machine.

    A channel of `new_channel` belongs to this process, and every process can send to it. Any other channel is known in this process only.

    Args:
        folder: the private folder of the sockets, the same for all processes that send to each other.
        expiry: seconds after which an unread message is dropped.
        group_expiry: seconds after which a channel that was not added again leaves its group.
        capacity: unread messages of one channel; `send` raises ChannelFull for further ones, `group_send` drops them.
        channel_capacity: capacities of single channels, by pattern.
    """

    extensions = ["groups", "flush"]

    def __init__(
        self,
        folder: str | Path,
        expiry: float = 60,
        group_expiry: float = 86_400,
        capacity: int = 100,
        channel_capacity: Mapping[str | re.Pattern[str], int] | None = None,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self._group_expiry = group_expiry
        self._lock = threading.Lock()
        self._channels: dict[str, _Channel] = {}
        self._groups: dict[str, dict[str, float]] = {}
        self._sweep_at = time.monotonic() + expiry
        self._sockets = LocalSockets(Path(folder), self._on_frame)

    @property
    def alone(self) -> bool:
        """Whether no other process can receive messages now."""
        return not self._sockets.others()

    async def send(self, channel: str, message: LayerMessage) -> None:
        """Send a message to a channel. Raises ChannelFull where a channel of this process has no room."""
        packed = _packed(message)
        self.require_valid_channel_name(channel)
        process = _process_of(channel)
        if process and process != self._sockets.id:
            self._sockets.send(process, _frame(_Kind.SEND, channel, packed))
            return
        with self._lock:
            if not self._put(channel, packed):
                raise ChannelFull(channel)

    async def receive(self, channel: str) -> LayerMessage:
        """Wait for the next message of a channel of this process."""
        self.require_valid_channel_name(channel)
        while True:
            with self._lock:
                found = self._channel(channel)
                packed = found.take(time.monotonic())
                if packed is None:
                    loop = asyncio.get_running_loop()
                    waiter = loop, loop.create_future()
                    found.waiters.append(waiter)
                    found.received = 0
                else:
                    found.received += 1
            if packed is not None:
                if found.received % AT_ONCE == 0:
                    await asyncio.sleep(0)
                message: LayerMessage = _unpacked(packed)
                return message
            try:
                await waiter[1]
            except BaseException:
                self._stop_waiting(found, waiter)
                raise

    async def new_channel(self, prefix: str = "specific") -> str:
        """Return a new channel of this process."""
        self._sockets.listen()
        return f"{prefix}.{self._sockets.id}!{uuid4().hex[:16]}"

    async def group_add(self, group: str, channel: str) -> None:
        """Add a channel to a group."""
        self._change_group(_Kind.GROUP_ADD, group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """Remove a channel from a group."""
        self._change_group(_Kind.GROUP_DISCARD, group, channel)

    async def group_send(self, group: str, message: LayerMessage) -> None:
        """Send a message to all channels of a group; it is dropped for those that have no room."""
        packed = _packed(message)
        self.require_valid_group_name(group)
        self._put_in_group(group, packed)
        for process in self._sockets.others():
            self._sockets.send(process, _frame(_Kind.GROUP_SEND, group, packed))

    async def flush(self) -> None:
        """Drop all messages and groups of this process."""
        with self._lock:
            self._channels = {name: channel for name, channel in self._channels.items() if channel.waiters}
            for channel in self._channels.values():
                channel.take(float("inf"))
            self._groups.clear()

    async def close(self) -> None:
        """Stop sending to other processes and receiving from them."""
        await _CLOSING_THREADS.run(self._sockets.close)

    def _stop_waiting(self, channel: _Channel, waiter: _Waiter) -> None:
        """Remove a reader that was cancelled. The message that it was to get goes to the next one."""
        with self._lock:
            if waiter in channel.waiters:
                channel.waiters.remove(waiter)
            else:
                channel.wake_one()

    def _change_group(self, change: _Kind, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        process = _process_of(channel)
        if process and process != self._sockets.id:  # the process of a channel knows its groups
            self._sockets.send(process, _frame(change, group, channel.encode()))
            return
        self._sockets.listen()
        with self._lock:
            if change is _Kind.GROUP_ADD:
                self._groups.setdefault(group, {})[channel] = time.monotonic()
            elif group in self._groups:
                self._groups[group].pop(channel, None)
                if not self._groups[group]:
                    del self._groups[group]

    def _on_frame(self, frame: bytes) -> None:
        """Do what another process asks; called in the thread of the sockets."""
        kind, name, body = msgpack.unpackb(frame)
        match _Kind(kind):
            case _Kind.SEND:
                with self._lock:
                    self._put(name, body)
            case _Kind.GROUP_SEND:
                self._put_in_group(name, body)
            case _Kind.GROUP_ADD | _Kind.GROUP_DISCARD as change:
                channel = body.decode()
                if _process_of(channel) == self._sockets.id:
                    self._change_group(change, name, channel)
            case other:
                assert_never(other)

    def _put_in_group(self, group: str, packed: bytes) -> None:
        with self._lock:
            for channel in self._groups.get(group, ()):
                self._put(channel, packed)

    def _put(self, channel: str, packed: bytes) -> bool:
        now = time.monotonic()
        if now > self._sweep_at:
            self._sweep(now)
        return self._channel(channel).put(packed, now + self.expiry)

    def _channel(self, name: str) -> _Channel:
        found = self._channels.get(name)
        if found is None:
            found = self._channels[name] = _Channel(self.get_capacity(name))
        return found

    def _sweep(self, now: float) -> None:
        """Drop expired messages, channels without messages and readers, and members of groups that were not added again for long."""
        self._sweep_at = now + self.expiry
        for name in [name for name, channel in self._channels.items() if channel.is_unused(now)]:
            del self._channels[name]
        for group, members in list(self._groups.items()):
            kept = {channel: added for channel, added in members.items() if added > now - self._group_expiry}
            if kept:
                self._groups[group] = kept
            else:
                del self._groups[group]


def _packed(message: LayerMessage) -> bytes:
    if not isinstance(message, dict):
        raise TypeError(f"a message is a dict, not {type(message).__name__}")
    packed: bytes = msgpack.packb(message, unicode_errors="surrogatepass")
    return packed


def _unpacked(packed: bytes) -> Any:
    return msgpack.unpackb(packed, unicode_errors="surrogatepass", strict_map_key=False)


def _frame(kind: _Kind, name: str, body: bytes) -> bytes:
    frame: bytes = msgpack.packb((kind, name, body))
    return frame


def _process_of(channel: str) -> str:
    """Return the id of the process that made a channel; "" for a channel that `new_channel` did not make."""
    before, mark, _ = channel.partition("!")
    process = before.rpartition(".")[2] if mark else ""
    return process if is_id(process) else ""


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
