"""The Python client against both servers: audio, inputs, outputs, messages, user data, refusals, and the same session after a loss."""

import asyncio
import re
from typing import Any

import numpy as np
import pytest

from parley.client import StreamClient, StreamError
from tests.servers import ROOT, Server
from tests.streaming.transports.client import WAIT_S
from tests.streaming.transports.talking import RATE, hears, tone


async def test_audio_goes_both_ways(site: Server, site_token: str) -> None:
    """Float samples of any rate go out, int16 comes back, and silence is sent after them."""
    async with asyncio.timeout(WAIT_S), StreamClient(f"{site.url}/streams/wide", token=site_token) as client:
        sending = asyncio.create_task(client.send_audio(RATE, tone(440, 3)))
        assert await hears(client, 440) == 48_000
        await sending
        await hears(client, 0)


async def test_audio_of_any_rate_at_any_time(site: Server, site_token: str) -> None:
    """Audio goes out also where it begins after silence, and where its rate changes."""
    async with asyncio.timeout(WAIT_S), StreamClient(f"{site.url}/streams/wide", token=site_token) as client:
        await hears(client, 0)
        for rate, hz in ((24_000, 440), (8_000, 660), (48_000, 880)):
            samples = (8_000 * np.sin(2 * np.pi * hz * np.arange(2 * rate) / rate)).astype(np.int16)
            sending = asyncio.create_task(client.send_audio(rate, samples))
            await hears(client, hz)
            await sending


async def test_inputs_outputs_and_messages(site: Server, site_token: str) -> None:
    """Outputs come from the first one on and end with the session; an invalid input is refused by field."""
    async with asyncio.timeout(WAIT_S), StreamClient(f"{site.url}/streams/inputs", token=site_token) as client:
        with pytest.raises(StreamError, match="conf_threshold: Input should be less than or equal to 1") as refused:
            await client.send_input(conf_threshold=2)
        assert refused.value.status == 422
        await client.send_input(conf_threshold=0.25, label="dog")
        await client.send_audio(RATE, tone(440, 1))
        outputs = client.outputs()
        async for output in outputs:
            if output == [0.25, "dog"]:
                break
        async for message in client.messages():
            if message["type"] == "fetch_output":
                break
        reading: asyncio.Task[list[Any]] = asyncio.create_task(collect(outputs))
        await asyncio.sleep(0.1)
        await client.close()
        await reading


async def collect(outputs: Any) -> list[Any]:
    """Return all outputs until the session ends."""
    return [output async for output in outputs]


async def test_user_data_and_refusals(site: Server, site_token: str) -> None:
    """The handler knows the data; refusals have the server's words and status."""
    url = f"{site.url}/streams/customers"
    async with asyncio.timeout(WAIT_S):
        async with StreamClient(url, token=site_token, user_data={"name": "Ada"}) as client:
            assert await anext(client.outputs()) == ["Customer", {"name": "Ada", "order": 0}]
            with pytest.raises(StreamError, match="connection_already_exists"):
                await StreamClient(url, token=site_token, user_data={"name": "Bob"}, webrtc_id=client.id).__aenter__()
        for token, expected, status in ((site_token, "user_data.name: Field required", 422), ("wrong", "sign in", 401)):
            with pytest.raises(StreamError, match=expected) as refused:
                await StreamClient(url, token=token).__aenter__()
            assert refused.value.status == status


async def test_the_session_survives_a_lost_connection(site: Server, site_token: str) -> None:
    """The client offers again by itself, and the handler goes on counting."""
    async with asyncio.timeout(WAIT_S), StreamClient(f"{site.url}/streams/numbers", token=site_token) as client:
        await client.send_audio(RATE, tone(440, 0.5))
        outputs = client.outputs()
        last = [(await anext(outputs))["n"] for _ in range(10)][-1]
        lost, value = client._pc, client.resume
        assert lost is not None
        lost._RTCPeerConnection__connectionState = "failed"  # type: ignore[attr-defined]
        lost.emit("connectionstatechange")
        while client._pc is lost:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert client.resume == value
        following = [(await anext(outputs))["n"] for _ in range(30)]
        await outputs.aclose()
        assert following == list(range(last + 1, last + 31))


async def test_the_documented_program(site: Server, site_token: str) -> None:
    """The listing of the reference runs as it is written."""
    (listing,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "reference" / "clients.md").read_text(), re.DOTALL)
    program: dict[str, Any] = {}
    exec(listing, program)
    async with asyncio.timeout(WAIT_S):
        first, loudest = await program["try_out"](f"{site.url}/streams/customers", site_token)
    assert first == ["Customer", {"name": "Ada", "order": 0}]
    assert loudest > 1000


async def test_images_go_both_ways(site: Server, site_token: str) -> None:
    """Images of one colour come back from a video stream."""
    image = np.full((96, 128, 3), (200, 40, 40), np.uint8)
    url = f"{site.url}/streams/video"
    async with asyncio.timeout(WAIT_S), StreamClient(url, token=site_token, send=("video",), receive=("video",)) as client:
        sending = asyncio.create_task(show(client, image))
        async for received in client.video():
            if received.shape == image.shape and np.abs(received[48, 64].astype(int) - image[48, 64]).max() < 25:
                break
        else:
            pytest.fail("the video ended without the image")
        sending.cancel()


async def show(client: StreamClient, image: np.ndarray) -> None:
    """Send an image 15 times a second."""
    while True:
        await client.send_image(image)
        await asyncio.sleep(1 / 15)


async def test_a_client_that_does_not_come_back_ends(site: Server, site_token: str) -> None:
    """After its last attempt the readers end, the reason is known, and sending raises instead of waiting for ever."""
    client = StreamClient(f"{site.url}/streams/wide", token=site_token, tries=1)
    async with asyncio.timeout(WAIT_S), client:
        await client.send_audio(RATE, tone(440, 0.5))
        sending = asyncio.create_task(client.send_audio(RATE, tone(440, 60)))
        lost = client._pc
        assert lost is not None
        client.resume = "of another session"
        lost._RTCPeerConnection__connectionState = "failed"  # type: ignore[attr-defined]
        lost.emit("connectionstatechange")
        async for _ in client.audio():
            pass
        with pytest.raises(ConnectionError, match="its connection was lost"):
            await sending
        assert isinstance(client.error, StreamError)
        assert client._routes._http.is_closed


async def test_a_background_send_ends_with_the_session(site: Server, site_token: str) -> None:
    """What is still to be sent when the program closes the session is dropped without an error; later audio and images are refused."""
    async with asyncio.timeout(WAIT_S):
        async with StreamClient(f"{site.url}/streams/wide", token=site_token) as client:
            sending = [asyncio.create_task(client.send_audio(RATE, tone(440, 60))) for _ in range(3)]
            await hears(client, 440)
        assert await asyncio.gather(*sending) == [None] * 3
        with pytest.raises(ConnectionError, match="the session has ended"):
            await client.send_audio(RATE, tone(440, 1))
        assert client.error is None


async def test_a_kind_that_is_not_sent_is_an_error() -> None:
    """Nothing would take it, so that it would wait for ever."""
    client = StreamClient("http://127.0.0.1:1/streams/any")
    with pytest.raises(ValueError, match='sends no video: send has to name "video"'):
        await client.send_image(np.zeros((8, 8, 3), np.uint8))
    await client.close()
