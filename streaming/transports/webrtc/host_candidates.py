"""The ports and addresses at which clients reach this server directly (ICE host candidates): RTC_PORT_RANGE and RTC_HOST_ADDRESSES.

aioice binds ports that the system chooses, and has no setting for them. Addresses that are announced need no socket of their own: a NAT or
a container host passes their packets on, and ICE answers a check on whatever path it came.
"""

import asyncio
import ipaddress
import logging
import random
import socket
from collections.abc import Collection
from functools import partial
from typing import Any

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol, server_reflexive_candidate
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from aiortc import RTCPeerConnection

from streaming.transports.webrtc.aiortc_patches import GatherCandidates, add_ice_protocol, ice_connections, replace_gathering

logger = logging.getLogger(__name__)

STUN_S = 5.0
"""Seconds that a STUN server may take, as in aioice."""


class NoFreePort(Exception):
    """All UDP ports of RTC_PORT_RANGE are in use."""


def use_port_range(pc: RTCPeerConnection, ports: range) -> None:
    """Make a peer connection that has gathered no candidates yet bind UDP ports of a range; an empty range: any."""
    if ports:
        for connection in ice_connections(pc):
            replace_gathering(connection, partial(_gather, connection, ports))


async def _gather(connection: Connection, ports: range, others: GatherCandidates, component: int, addresses: list[str]) -> list[Candidate]:
    """Do as aioice's `get_component_candidates`, but bind the host candidates to ports of a range; `others` gathers the relayed ones.

    Raises NoFreePort if no local address has one.
    """
    bound = [protocol for address in addresses if (protocol := await _bind(connection, component, address, ports)) is not None]
    if addresses and not bound:
        logger.warning("all UDP ports of RTC_PORT_RANGE are in use")
        raise NoFreePort
    tasks = [asyncio.create_task(_reflexive(protocol, connection.stun_server)) for protocol in bound if connection.stun_server]
    relayed = await others(component, [])
    done = (await asyncio.wait(tasks, timeout=STUN_S))[0] if tasks else set()
    for task in tasks:
        task.cancel()
    reflexive = [task.result() for task in done if not task.cancelled() and task.exception() is None]
    return [*(protocol.local_candidate for protocol in bound), *reflexive, *relayed]


async def _bind(connection: Connection, component: int, address: str, ports: range) -> StunProtocol | None:
    """Bind one UDP socket of a local address and return its protocol; None if none of the ports is free there."""
    loop = asyncio.get_running_loop()
    first = random.randrange(len(ports))  # noqa: S311  # so that other sessions and processes rarely try the same port
    for number in range(len(ports)):
        port = ports[(first + number) % len(ports)]
        try:
            transport, protocol = await loop.create_datagram_endpoint(lambda: StunProtocol(connection), local_addr=(address, port))
        except OSError:
            continue
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
        add_ice_protocol(connection, protocol)
        protocol.local_candidate = Candidate(
            candidate_foundation("host", "udp", address), component, "udp", candidate_priority(component, "host"), address, port, "host"
        )
        return protocol
    return None


async def _reflexive(protocol: StunProtocol, stun_server: Any) -> Candidate:
    return (await server_reflexive_candidate(protocol, stun_server))[0]


def announced(sdp: str, addresses: Collection[str]) -> str:
    """Return a session description whose host candidates have the announced addresses in place of the server's own.

    Addresses replace those of their family. If local addresses are among them, only the candidates of those interfaces are announced: with
    their own address, and with the addresses that are not local.
    """
    wanted = {ipaddress.ip_address(address) for address in addresses}
    bound = _local_addresses(sdp)
    lines: list[str] = []
    seen: set[tuple[str, str]] = set()  # two interfaces may have bound the same port
    for line in sdp.splitlines():
        parts = line.split(" ")
        if line.startswith("m="):
            seen.clear()
        if not line.startswith("a=candidate:") or parts[7] != "host":
            lines.append(line)
            continue
        own = ipaddress.ip_address(parts[4])
        family = {address for address in wanted if address.version == own.version}
        local = family & bound
        if not family:
            replaced = {own}
        elif not local:
            replaced = family
        else:
            replaced = {own, *(family - local)} if own in local else set()
        for address in sorted(replaced, key=str):
            if (str(address), parts[5]) not in seen:
                seen.add((str(address), parts[5]))
                lines.append(" ".join([*parts[:4], str(address), *parts[5:]]))
    return "\r\n".join(lines) + "\r\n"


def _local_addresses(sdp: str) -> "set[ipaddress.IPv4Address | ipaddress.IPv6Address]":
    hosts = (line.split(" ") for line in sdp.splitlines() if line.startswith("a=candidate:"))
    return {ipaddress.ip_address(parts[4]) for parts in hosts if parts[7] == "host"}
