"""Streams at paths of an app, and offers answered in an app's views, on both servers."""

import httpx

from tests.servers import Server
from tests.streaming.transports.rtc import Caller, to
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import FRAME, frame, streaming
from tests.streaming.transports.talking import echoes

MOUNTED = "/voice/open"


async def test_a_mounted_stream_has_every_route(site: Server) -> None:
    """A session that was opened at the mounted path is found under the stream's name."""
    async with (
        streaming(site, "", "", f"{MOUNTED[1:]}/websocket/offer") as client,
        httpx.AsyncClient(base_url=site.url, timeout=30) as http,
    ):
        await client.start()
        await client.speak(frame(1))
        assert await client.wait_audio(FRAME) == frame(1)
        for prefix in (MOUNTED, "/streams/open-to-all"):
            assert (await http.post(f"{prefix}/input_hook", json={"webrtc_id": client.id, "x": 1})).json() == {"status": "ok"}
            async with subscribed(site, "", "", client.id, f"{prefix[1:]}/outputs") as reader:
                assert reader.response.status_code == 200
        twiml = (await http.post(f"{MOUNTED}/telephone/incoming")).text
        assert f'/{MOUNTED[1:]}/telephone/handler"' in twiml
        assert (await http.post("/voice/input_hook", json={})).status_code == 404
    async with streaming(site, "", "", f"{MOUNTED[1:]}/telephone/handler") as call:
        await call.send({"event": "start", "streamSid": call.id})
        await call.speak(frame(2))
        assert await call.wait_audio(FRAME) == frame(2)


async def test_webrtc_at_a_mounted_path(site: Server) -> None:
    """Offers and candidates work as under the stream's name."""
    await echoes(site.url + MOUNTED)


async def test_offers_in_an_apps_view(site: Server) -> None:
    """`Stream.offer` answers them with the access of the view; a missing field is an error of the view."""
    async with to(site, "", "/own/offer") as post:
        caller = await Caller(post, "sendrecv").call()
        await caller.wait_for_pitch(440)
        await caller.close()
    async with httpx.AsyncClient(timeout=30) as http:
        wrong = await http.post(f"{site.url}/own/offer", json={"type": "offer", "webrtc_id": "x"})
        assert (wrong.status_code, wrong.json()) == (400, {"error": "body.sdp: Field required"})
