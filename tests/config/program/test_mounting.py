"""Routes of a stream in a FastAPI application that checks each request by dependencies."""

from typing import Any

import pytest

from config.program.mounting import add_routes, has_dependencies
from streaming.handlers.stream import Stream

fastapi = pytest.importorskip("fastapi", reason="FastAPI comes with requirements/development.txt")
testclient = pytest.importorskip("starlette.testclient", reason="FastAPI comes with requirements/development.txt")

KEY = {"X-Key": "right"}


def check_key(x_key: str = fastapi.Header("")) -> None:
    """Refuse a request without the key; FastAPI calls it for HTTP and for WebSockets."""
    if x_key != "right":
        raise fastapi.HTTPException(401)


async def parley(scope: Any, receive: Any, send: Any) -> None:
    """Say which path was requested, and send a message of a socket back."""
    if scope["type"] == "http":
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Path", scope["path"].encode())]})
        await send({"type": "http.response.body", "body": body})
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": scope["path"] + (await receive())["text"]})
    await send({"type": "websocket.close", "code": 1000})


def client_of(application: Any) -> Any:
    """Return a client of the application, in which a stream is mounted."""
    add_routes(application, Stream(lambda image: image, name="voice"), "", lambda: parley)
    return testclient.TestClient(application)


@pytest.mark.parametrize("endpoint", ["/webrtc/offer", "/telephone/incoming"])
def test_a_dependency_refuses_a_request(endpoint: str) -> None:
    """It does not reach the stream; one that the dependency accepts does, with its body."""
    client = client_of(fastapi.FastAPI(dependencies=[fastapi.Depends(check_key)]))
    assert client.post(endpoint, content="offer").status_code == 401
    accepted = client.post(endpoint, content="offer", headers=KEY)
    assert (accepted.status_code, accepted.text, accepted.headers["x-path"]) == (200, "offer", f"/streams/voice{endpoint}")


@pytest.mark.parametrize("endpoint", ["/websocket/offer", "/telephone/handler"])
def test_a_dependency_refuses_a_socket(endpoint: str) -> None:
    """The handshake fails; one that the dependency accepts reaches the stream."""
    client = client_of(fastapi.FastAPI(dependencies=[fastapi.Depends(check_key)]))
    with pytest.raises(testclient.WebSocketDenialResponse) as refused, client.websocket_connect(endpoint):
        pass
    assert refused.value.status_code == 401
    with client.websocket_connect(endpoint, headers=KEY) as socket:
        socket.send_text("!")
        assert socket.receive_text() == f"/streams/voice{endpoint}!"


def test_an_application_without_dependencies() -> None:
    """Requests need no key."""
    application = fastapi.FastAPI()
    assert not has_dependencies(application)
    assert client_of(application).post("/webrtc/offer", content="offer").text == "offer"
