"""RTC_PORT_RANGE and RTC_HOST_ADDRESSES: ports are bound in the range, and announced addresses replace local ones."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import pytest
from aioice.ice import get_host_addresses

from streaming.transports.webrtc.host_candidates import announced
from tests.streaming.transports.handlers import echo
from tests.streaming.transports.rtc import Caller, here, nothing_is_left

pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC = "127.0.0.5"
"""A second loopback address, where a forwarder plays the NAT."""


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its sessions is left."""
    yield
    await nothing_is_left()


@pytest.fixture
def ports() -> range:
    """Four ports that were free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        first = min(max(free.getsockname()[1], 20_000), 60_000)
    return range(first, first + 4)


def candidates(sdp: str) -> list[tuple[str, str, int]]:
    """Return type, address and port of the candidates of a session description."""
    lines = (line.split() for line in sdp.splitlines() if line.startswith("a=candidate:"))
    return [(parts[7], parts[4], int(parts[5])) for parts in lines]


class Forwarder(asyncio.DatagramProtocol):
    """One UDP port of a NAT: what comes from the client goes to the server's address, and back."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.clients: dict[Any, asyncio.DatagramTransport] = {}
        self.passed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket of the outside."""
        self.outside: Any = transport

    def datagram_received(self, data: bytes, client: Any) -> None:
        """Pass a packet on, from an inside socket of its client."""
        self.passed += 1
        if client in self.clients:
            self.clients[client].sendto(data)
        else:
            asyncio.get_running_loop().create_task(self._open(data, client))  # noqa: RUF006

    async def _open(self, data: bytes, client: Any) -> None:
        outside = self.outside

        class Inside(asyncio.DatagramProtocol):
            def datagram_received(self, back: bytes, _: Any) -> None:
                outside.sendto(back, client)

        self.clients[client], _ = await asyncio.get_running_loop().create_datagram_endpoint(Inside, remote_addr=self.server)
        self.clients[client].sendto(data)

    def close(self) -> None:
        """Close all sockets."""
        for transport in (self.outside, *self.clients.values()):
            transport.close()


async def test_ports_are_in_the_range(settings: Any, ports: range) -> None:
    """The session works, and each of its sockets has a port of the range."""
    settings.RTC_PORT_RANGE = ports
    caller = Caller(here(echo()), "sendrecv")
    _, answer = await caller.post(await caller.offer())
    found = candidates(answer["sdp"])
    assert {address for _, address, _ in found} == set(get_host_addresses(True, True))
    assert all(port in ports for _, _, port in found)
    await caller.accept(answer)
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_without_a_free_port_the_limit_is_reached(settings: Any, ports: range) -> None:
    """The answer is that of a full stream, with the number of ports, and the next offer after a port is free succeeds."""
    settings.RTC_PORT_RANGE = ports
    with ExitStack() as taken:
        for address in get_host_addresses(True, True):
            for port in ports:
                blocker = taken.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM))
                blocker.bind((address, port))
        full = Caller(here(echo()), "sendrecv")
        status, answer = await full.post(await full.offer())
        assert (status, answer["meta"]) == (429, {"error": "concurrency_limit_reached", "limit": 4})
        await full.close()
    caller = await Caller(here(echo()), "sendrecv").call()
    await caller.close()


async def test_a_client_connects_through_the_announced_address(settings: Any, ports: range) -> None:
    """A forwarder at the announced address passes the packets of the whole session on, as a NAT does."""
    settings.RTC_PORT_RANGE, settings.RTC_HOST_ADDRESSES = ports[:1], [PUBLIC]
    caller = Caller(here(echo()), "sendrecv")
    status, answer = await caller.post(await caller.offer())
    assert status == 200
    local = next(address for address in get_host_addresses(True, False))
    assert {one for one in candidates(answer["sdp"]) if ":" not in one[1]} == {("host", PUBLIC, ports[0])}
    _, forwarder = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Forwarder((local, ports[0])), local_addr=(PUBLIC, ports[0])
    )
    only = "\r\n".join(line for line in answer["sdp"].splitlines() if not line.startswith("a=candidate") or PUBLIC in line)
    await caller.accept({**answer, "sdp": only + "\r\n"})
    await caller.wait_for_pitch(440)
    assert forwarder.passed > 20
    await caller.close()
    forwarder.close()


def test_the_addresses_of_a_family_are_replaced() -> None:
    """A local address that is announced stays alone; relayed candidates and the other family are unchanged."""

    def addresses(*public: str) -> list[str]:
        kinds = [("host", "10.0.0.2"), ("host", "172.17.0.1"), ("host", "fd00::2"), ("relay", "192.0.2.9")]
        lines = [f"a=candidate:{number} 1 udp 1 {address} {50000 + number} typ {kind}" for number, (kind, address) in enumerate(kinds)]
        return [address for _, address, _ in candidates(announced("v=0\r\n" + "\r\n".join(lines) + "\r\n", public))]

    assert addresses("203.0.113.5") == ["203.0.113.5", "203.0.113.5", "fd00::2", "192.0.2.9"]
    assert addresses("10.0.0.2") == ["10.0.0.2", "fd00::2", "192.0.2.9"]
    assert addresses("10.0.0.2", "203.0.113.5", "2001:db8::5") == ["10.0.0.2", "203.0.113.5", "2001:db8::5", "192.0.2.9"]
