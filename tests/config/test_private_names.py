"""Names of Twisted, Daphne, Autobahn and uvicorn without a public contract that Parley uses: an upgrade that changes one fails here."""

import importlib.metadata
import inspect
from types import ModuleType
from typing import Any

import pytest
from autobahn.twisted import websocket as autobahn_twisted
from autobahn.websocket import protocol as autobahn_protocol
from autobahn.websocket.protocol import WebSocketProtocol as AutobahnProtocol
from daphne import http_protocol, server, ws_protocol
from twisted.internet import asyncioreactor
from twisted.internet.abstract import FileDescriptor
from twisted.internet.tcp import Connection
from twisted.web import http
from uvicorn.protocols.http import flow_control
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from config import daphne_server, uvicorn_http, uvicorn_websocket

VERSIONS = {**daphne_server.CHECKED_VERSIONS, **uvicorn_http.CHECKED_VERSIONS, **uvicorn_websocket.CHECKED_VERSIONS}

_MEMORY = "a client that does not read fills the memory"
_AT_ONCE = "messages of Daphne come out of order, or cost a tenth more CPU"
_FRAMES = "a client can fill the memory with empty fragments"
_PING = "a client whose socket is not read for a while is disconnected"
_LIMITS = "a slow client holds a connection of Daphne without limit"
_BODY = "a client can fill the memory with a body"
_UPLOAD = "files to import are not streamed to disk"
_ANSWER = "a cut-off response looks complete, or Daphne reaps no more requests"
_CLOSE = "close codes and reasons do not reach the client"
_PIPELINE = "pipelined requests block uvicorn's event loop, or a running one is not told that its client disconnected"
_WHOLE = "whole binary messages take ten times as long, or do not arrive"
_PACED = "a flood of small frames blocks uvicorn's event loop"

USED: list[tuple[Any, str, str]] = [
    (asyncioreactor.AsyncioSelectorReactor, "_asyncioEventloop", "Daphne's event loop is not found: the server does not start"),
    (FileDescriptor, "dataBuffer", _MEMORY),
    (FileDescriptor, "offset", _MEMORY),
    (FileDescriptor, "_tempDataLen", _MEMORY),
    *((Connection, name, _AT_ONCE) for name in ("TLS", "connected", "disconnecting", "writeSomeData")),
    (AutobahnProtocol, "sendData", _AT_ONCE),
    (AutobahnProtocol, "send_queue", _AT_ONCE),
    (http.HTTPChannel, "_savedTimeOut", _LIMITS),
    (http.HTTPChannel, "resetTimeout", _LIMITS),
    (http.HTTPChannel, "setTimeout", _LIMITS),
    (http.HTTPChannel, "allHeadersReceived", _LIMITS),
    (http.HTTPChannel, "allContentReceived", _LIMITS),
    (http.HTTPChannel, "requestDone", _LIMITS),
    (http.HTTPChannel, "timeoutConnection", _LIMITS),
    *((http.HTTPChannel, name, _UPLOAD) for name in ("_command", "_path", "_version", "requests")),
    *((http.Request, name, _UPLOAD) for name in ("gotLength", "handleContentChunk", "requestReceived", "finish", "clientproto", "uri")),
    (http_protocol.WebRequest, "application_queue", _UPLOAD),
    (http_protocol.WebRequest, "process", _UPLOAD),
    (http.Request, "gotLength", _BODY),
    (http.Request, "handleContentChunk", _BODY),
    (http_protocol.HTTPFactory, "buildProtocol", _LIMITS),
    (http_protocol.WebRequest, "_response_started", _ANSWER),
    (http_protocol.WebRequest, "handle_exception", _ANSWER),
    (ws_protocol.WebSocketProtocol, "applicationCreateWorked", _MEMORY),
    (ws_protocol.WebSocketProtocol, "serverClose", _CLOSE),
    (ws_protocol.WebSocketProtocol, "handle_reply", _CLOSE),
    (server.Server, "create_application", _MEMORY),
    (server.Server, "handle_reply", _MEMORY),
    (server.Server, "connections", _MEMORY),
    (server.Server, "listeners", "Daphne accepts new connections while it drains"),
    (server.Server, "listen_success", "the server does not print its address"),
    (server.Server, "listen_error", "the server does not say why it cannot start"),
    (server.Server, "application_close_timeout", "the last words of a disconnected client are lost"),
    (server.Server, "websocket_max_message_size", _MEMORY),
    (server.Server, "websocket_max_frame_size", _MEMORY),
    (AutobahnProtocol, "STATE_CONNECTING", _MEMORY),
    *((AutobahnProtocol, name, _WHOLE) for name in ("STATE_OPEN", "data", "inside_message", "onMessage")),
    *((AutobahnProtocol, name, _PING) for name in ("autoPingRestartOnAnyTraffic", "_cancelAutoPingTimeoutCall")),
    (AutobahnProtocol, "onFrameBegin", _FRAMES),
    (AutobahnProtocol, "current_frame", _FRAMES),
    (AutobahnProtocol, "failedByMe", _FRAMES),
    (AutobahnProtocol, "_fail_connection", _FRAMES),
    (AutobahnProtocol, "sendCloseFrame", _CLOSE),
    (AutobahnProtocol, "wasClean", "clients on Node.js take a clean close for an error and reconnect"),
    (AutobahnProtocol, "dropConnection", "clients on Node.js take a clean close for an error and reconnect"),
    (AutobahnProtocol, "_sendAutoPing", _PING),
    (AutobahnProtocol, "autoPingTimeoutCall", _PING),
    (AutobahnProtocol, "autoPingPending", _PING),
    (AutobahnProtocol, "autoPingTimeout", _PING),
    (AutobahnProtocol, "onAutoPingTimeout", _PING),
    (HttpToolsProtocol, "pipeline", _PIPELINE),
    (HttpToolsProtocol, "flow", _PIPELINE),
    (HttpToolsProtocol, "_start_asgi_task", _PIPELINE),
    (HttpToolsProtocol, "on_message_begin", _PIPELINE),
    (HttpToolsProtocol, "on_body", _PIPELINE),
    (HttpToolsProtocol, "on_message_complete", _PIPELINE),
    (HttpToolsProtocol, "on_response_complete", _PIPELINE),
    (RequestResponseCycle, "disconnected", _PIPELINE),
    (RequestResponseCycle, "message_event", _PIPELINE),
    (RequestResponseCycle, "response_complete", _PIPELINE),
    (flow_control.FlowControl, "pause_reading", _PIPELINE),
    (flow_control.FlowControl, "resume_reading", _PIPELINE),
    (WebSocketsSansIOProtocol, "read_paused", _PACED),
    (WebSocketsSansIOProtocol, "queue", _PACED),
    (WebSocketsSansIOProtocol, "conn", _PACED),
    (WebSocketsSansIOProtocol, "frames", _FRAMES),
    (WebSocketsSansIOProtocol, "handle_cont", _FRAMES),
    (WebSocketsSansIOProtocol, "close_sent", _PACED),
    (WebSocketsSansIOProtocol, "handle_events", _PACED),
    (WebSocketsSansIOProtocol, "handle_parser_exception", _PACED),
    (WebSocketsSansIOProtocol, "keepalive_timeout", _PING),
    (WebSocketsSansIOProtocol, "ping_timeout", _PING),
    (WebSocketsSansIOProtocol, "pong_timer", _PING),
]


@pytest.mark.parametrize(("owner", "name", "consequence"), USED, ids=[f"{owner.__name__}.{name}" for owner, name, _ in USED])
def test_every_used_name_exists(owner: type[Any], name: str, consequence: str) -> None:
    """It is an attribute of the class, or its methods set it on instances."""
    set_on_instances = any(f"self.{name}" in inspect.getsource(base) for base in owner.__mro__ if base.__module__ != "builtins")
    package = owner.__module__.split(".")[0]
    assert hasattr(owner, name) or set_on_instances, f"{package} has no {owner.__name__}.{name} any more: {consequence}"


@pytest.mark.parametrize("module", [autobahn_twisted, autobahn_protocol], ids=["twisted", "protocol"])
@pytest.mark.parametrize("name", ["hltype", "hlval"])
def test_autobahn_formats_log_arguments_by_these_functions(module: ModuleType, name: str) -> None:
    """Daphne's server replaces them. If they have other names, each frame costs a coloured log line again."""
    assert callable(getattr(module, name))
    assert f"{name}(" in inspect.getsource(module)


@pytest.mark.parametrize("package", VERSIONS)
def test_the_version_was_checked(package: str) -> None:
    """An upgrade must review the file that names the version."""
    found = importlib.metadata.version(package)
    assert found == VERSIONS[package], f"read our subclasses against {package} {found}, run tests/config, then change CHECKED_VERSIONS"


@pytest.mark.parametrize("name", ["transport", "proto", "exception"])
def test_a_missing_name_is_detected(name: str) -> None:
    """The check fails for a name that does not exist."""
    with pytest.raises(AssertionError, match=f"twisted has no FileDescriptor._no_{name} any more: what breaks"):
        test_every_used_name_exists(FileDescriptor, f"_no_{name}", "what breaks")
