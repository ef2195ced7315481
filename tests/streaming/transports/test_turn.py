"""A real coturn accepts our passwords and no others, and relays for clients and for the server."""

import asyncio
import logging
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy

from streaming.handlers.ice_servers import turn_credentials
from tests.servers import ROOT, START_S, STOP_S, Server, free_port
from tests.services import listens, running_turn
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.rtc import Caller, to

SECRET = "a-long-random-text"
OFFER = "/streams/plain/webrtc/offer"
RELAYED = "typ relay"


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[str]:
    """The URL of a TURN server."""
    with running_turn(tmp_path, SECRET) as url:
        yield url


async def configuration(server: Server, token: str) -> list[RTCIceServer]:
    """Return the ICE servers that a browser gets."""
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.get(f"{server.url}/rtc/config", headers={"x-api-key": token})
    return [RTCIceServer(**one) for one in answer.json()["iceServers"]]


def behind(servers: list[RTCIceServer]) -> Any:
    """Return clients behind a firewall that allows only these servers."""
    relay = RTCConfiguration(iceServers=servers, iceTransportPolicy=RTCIceTransportPolicy.RELAY)
    return type("Behind", (Caller,), {"configuration": relay})


async def test_a_client_behind_a_firewall_is_relayed(make_server: Callable[..., Server], turn: str) -> None:
    """A client with the password from /rtc/config sends and receives audio through the TURN server only."""
    server = make_server("uvicorn", RTC_ICE_SERVERS=turn, TURN_SECRET=SECRET, **SITE)
    token = server.token()
    client = behind(await configuration(server, token))
    async with to(server, token, OFFER) as post:
        caller = client(post, "sendrecv")
        offered = await caller.offer()
        candidates = [line for line in offered["sdp"].splitlines() if line.startswith("a=candidate")]
        assert candidates
        assert all(RELAYED in line for line in candidates)
        await caller.call()
        await caller.wait_for_pitch(440)
        await caller.close()


async def test_the_server_itself_is_relayed(make_server: Callable[..., Server], turn: str) -> None:
    """With RTC_OWN_ICE_SERVERS a server behind a firewall is reached through its relayed address."""
    server = make_server("daphne", RTC_OWN_ICE_SERVERS=turn, TURN_SECRET=SECRET, **SITE)
    async with to(server, server.token(), OFFER) as post:

        async def through_the_firewall(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            status, answer = await post(body)
            lines = [line for line in answer["sdp"].splitlines() if "a=candidate" not in line or RELAYED in line]
            assert any(RELAYED in line for line in lines)
            return status, {**answer, "sdp": "\r\n".join(lines) + "\r\n"}

        caller = await Caller(through_the_firewall, "sendrecv").call()
        await caller.wait_for_pitch(440)
        await caller.close()


@pytest.mark.parametrize(
    ("secret", "since_s"), [("another-secret", 0), (SECRET, -7200)], ids=["made with another secret", "expired an hour ago"]
)
async def test_other_passwords_are_refused(turn: str, secret: str, since_s: int, caplog: pytest.LogCaptureFixture) -> None:
    """A client with another password gets no relayed address."""
    username, credential = turn_credentials(secret, "7", 3600, time.time() + since_s)
    client = behind([RTCIceServer(turn, username, credential)])

    async def no_post(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 500, body

    caller = client(no_post, "sendrecv")
    with caplog.at_level(logging.CRITICAL), suppress(asyncio.TimeoutError, ConnectionError):
        assert RELAYED not in (await caller.offer())["sdp"]
    await caller.close()


def test_the_documented_options(tmp_path: Path) -> None:
    """coturn starts with the options of docs/operate/networks.md, but those of a certificate."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("needs coturn (make test installs it where it may)")
    listed = re.findall(r"^      - (--\S+)$", (ROOT / "docs" / "operate" / "networks.md").read_text(), re.MULTILINE)
    assert len(listed) > 8
    port = free_port()
    options = [option for option in listed if not option.startswith(("--cert", "--pkey"))]
    options += [
        f"--listening-port={port}",
        "--listening-ip=127.0.0.1",
        "--no-cli",
        f"--log-file={tmp_path}/log",
        f"--pidfile={tmp_path}/pid",
    ]
    process = subprocess.Popen([program, "-n", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path)
    try:
        deadline = time.monotonic() + START_S
        while not listens(port):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "coturn does not listen"
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(STOP_S)
        assert process.stdout is not None
        process.stdout.close()
