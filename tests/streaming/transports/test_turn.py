"""A real coturn accepts our passwords and no others, and relays for clients and for the server."""

import asyncio
import logging
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

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


@pytest.fixture
def documented(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of Parley for a coturn that runs with the options of the compose file in docs/operate/networks.md.

    Only what belongs to one installation differs: address, ports and certificate.
    """
    program, address = shutil.which("turnserver"), own_address()
    if program is None or address is None:
        pytest.skip("needs coturn (make test installs it where it may) and an address other than the loopback one")
    page = (ROOT / "docs" / "operate" / "networks.md").read_text()
    [service] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])["services"].values()
    [(outside, inside, _)] = [volume.split(":") for volume in service["volumes"]]
    write_certificate(tmp_path / outside, address)
    plain, tls = free_port(), free_port()
    options = [option.replace("203.0.113.5", address).replace(f"={inside}/", f"={tmp_path / outside}/") for option in service["command"]]
    options += [f"--listening-port={plain}", f"--tls-listening-port={tls}", "--no-cli", f"--pidfile={tmp_path}/pid"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([program, "-n", "--log-file=stdout", *options], stdout=log, stderr=subprocess.STDOUT, cwd=tmp_path)
    try:
        deadline = time.monotonic() + START_S
        while not listens(plain) or not listens(tls):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, "coturn does not listen"
            time.sleep(0.05)
        named = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
        [settings] = [dict(line.split("=", 1) for line in block.splitlines()) for block in named if "TURN_SECRET" in block]
        addresses = {"talk.example.org:3478": f"{address}:{plain}", "talk.example.org:5349": f"{address}:{tls}"}
        for shown, real in addresses.items():
            assert shown in settings["RTC_ICE_SERVERS"]
            settings["RTC_ICE_SERVERS"] = settings["RTC_ICE_SERVERS"].replace(shown, real)
        yield settings
    finally:
        process.terminate()
        process.wait(STOP_S)


def own_address() -> str | None:
    """Return an IPv4 address of this machine that is not a loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("198.51.100.1", 9))  # sends nothing
        address = str(probe.getsockname()[0])
        return None if address.startswith("127.") else address
    return None


def write_certificate(folder: Path, address: str) -> None:
    """Write a certificate for an address, signed by itself, with the file names of Let's Encrypt."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
    folder.mkdir()
    (folder / "fullchain.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / "privkey.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


async def test_the_documented_set_up(
    make_server: Callable[..., Server], documented: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients that use relayed candidates only connect over UDP, TCP and TLS, with the password that Parley makes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certs" / "fullchain.pem"))
    server = make_server("uvicorn", **documented, **SITE)
    token = server.token()
    urls = documented["RTC_ICE_SERVERS"].split(",")
    assert [url.partition(":")[0] + url.partition("?")[2] for url in urls] == [
        "turntransport=udp",
        "turntransport=tcp",
        "turnstransport=tcp",
    ]
    [given] = await configuration(server, token)
    assert given.urls == urls
    async with to(server, token, OFFER) as post:
        for url in urls:
            caller = behind([RTCIceServer(url, given.username, given.credential)])(post, "sendrecv")
            offered = await caller.offer()
            candidates = [line for line in offered["sdp"].splitlines() if line.startswith("a=candidate")]
            assert candidates, url
            assert all(RELAYED in line and 51000 <= int(line.split()[5]) <= 51999 for line in candidates)
            await caller.call()
            await caller.wait_for_pitch(440)
            await caller.close()
