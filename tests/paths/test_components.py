"""The components of a stream's page across two processes: inputs and outputs, refused values, and outputs that are not JSON.

Links: POST page/inputs, access, conversion, RPC, session, handler, its outputs, POST page/outputs, additional_outputs_handler.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.paths.conftest import COLLEAGUE, Installation, eventually
from tests.servers import Server
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import frame, streaming

Post = Callable[..., Awaitable[httpx.Response]]


def poster(server: Server, token: str, client_id: str) -> Post:
    """Return a function that posts to the page of a session."""

    async def post(what: str, **body: Any) -> httpx.Response:
        async with httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as client:
            return await client.post(f"{server.url}/streams/knobs/page/{what}", json={"webrtc_id": client_id, **body})

    return post


async def test_components_work_from_any_process(installation: Installation) -> None:
    """The handler's next call has the inputs, and its output becomes the values of the components, from the values of the page."""
    one, two, token = installation.one, installation.two, installation.token
    async with streaming(one, token, "knobs") as client:
        await client.start()
        post = poster(two, token, client.id)

        async def put() -> int:
            return (await post("inputs", inputs=[0.75, "mine"])).status_code

        await eventually(put, lambda status: status == 200)
        await client.speak(frame(1))
        shown = (await post("outputs", outputs=["typed", None], after=0)).json()
        assert shown == {"after": 1, "values": ["typed 0.75", [0.75, "mine"]], "ended": False, "error": ""}
        refused = await post("inputs", inputs=[2, "mine"])
        assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "c0"])
        assert (await post("inputs", inputs=[0.5])).json()["detail"][0]["msg"] == "inputs: 2 values are needed, not 1"
        for body in ({"outputs": []}, {"outputs": ["a", 1], "after": -1}, {}):
            assert (await post("outputs", **body)).status_code == 422
        for other in (poster(two, token, uuid4().hex), poster(two, installation.tokens[COLLEAGUE], client.id)):
            assert (await other("inputs", inputs=[0.5, ""])).status_code == 404
            assert (await other("outputs", outputs=["", None])).status_code == 404
        assert (await poster(two, "", client.id)("outputs", outputs=["", None])).status_code == 401


async def test_a_handler_of_outputs_that_fails_is_reported(installation: Installation) -> None:
    """The page keeps its values and learns the type of the error; later outputs are not lost."""
    async with streaming(installation.one, installation.token, "knobs") as client:
        await client.start()
        post = poster(installation.two, installation.token, client.id)
        await client.speak(frame(1))

        async def first() -> Any:
            return (await post("outputs", outputs=["typed", None], after=0)).json()

        failed = await eventually(first, lambda answer: "after" in answer)
        assert failed["values"] == ["typed", None]
        assert failed["error"] == "additional_outputs_handler failed: ZeroDivisionError"


async def test_an_output_without_json_is_named_by_its_type(installation: Installation) -> None:
    """The client and the readers get an error with the type in place of that output, and then the next output."""
    sentence = "output 1 of the handler was not sent: a value of the type lock cannot be sent as JSON"
    async with streaming(installation.one, installation.token, "opaque") as client:
        await client.start()
        await client.speak(frame(1))
        async with subscribed(installation.two, installation.token, "opaque", client.id) as reader:
            events = await reader.wait(2)
        assert [(event.name, event.data) for event in events[:2]] == [("invalid", sentence), ("", "next")]
        assert (await client.wait(type="error"))["message"] == sentence
