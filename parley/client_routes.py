"""The HTTP routes of a stream, for the Python client: offers, inputs, ICE servers and outputs."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import httpx

WAIT_S = 20.0
"""Seconds that a request may take."""
QUIET_S = 60.0
"""Seconds after which outputs are requested again; the server sends a comment every 15 s."""
UNAVAILABLE = (502, 503, 504)
"""Statuses of a proxy whose server restarts, and of a server without its database: outputs are requested again."""
AGAIN_S = 0.5
"""Seconds from a response that broke off, or did not come, to the next request for outputs."""


class StreamError(Exception):
    """The server refused a request: HTTP status, and its JSON."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        detail = answer.get("detail")
        if isinstance(detail, list):
            detail = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in detail)
        super().__init__(answer.get("meta", {}).get("error") or detail or f"status {status}")
        self.status, self.answer = status, answer


class StreamRoutes:
    """The routes of the stream at a URL, with an access token or without one."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=WAIT_S)

    async def close(self) -> None:
        """End all requests."""
        await self._http.aclose()

    async def post(self, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a body. Raises StreamError if the server refuses it, or httpx.HTTPError."""
        response = await self._http.post(f"{self._url}/{route}", json=body)
        answer = _object(response)
        if response.status_code != 200 or not answer or answer.get("status") == "failed":
            raise StreamError(response.status_code, answer)
        return answer

    async def ice_servers(self) -> list[dict[str, Any]]:
        """Return the server's STUN and TURN servers for the stream; none where it gives none."""
        base, _, name = self._url.rpartition("/streams/")
        response = await self._http.get(httpx.URL(self._url).join("/rtc/config"), params={"stream": name} if base else {})
        servers: list[dict[str, Any]] = _object(response).get("iceServers", []) if response.status_code == 200 else []
        return servers

    async def outputs(self, webrtc_id: str) -> AsyncGenerator[Any, None]:
        """Yield the outputs of a session from the first one on, until it ends or `close` is called; ask again after a lost response."""
        query = {"webrtc_id": webrtc_id, "after": "0"}
        while not self._http.is_closed:
            with suppress(httpx.TransportError):
                async with self._http.stream("GET", f"{self._url}/outputs", params=query, timeout=QUIET_S) as response:
                    if response.status_code == 200:
                        async for event in _events(response.aiter_lines()):
                            if event.get("event") == "end":
                                return
                            query["after"] = event.get("id", query["after"])
                            if event.get("event") == "output":  # not "invalid": the sentence about an output that could not be sent
                                yield _parsed(event["data"])
                    elif response.status_code not in UNAVAILABLE:
                        await response.aread()
                        raise StreamError(response.status_code, _object(response))
            await asyncio.sleep(AGAIN_S)


def _object(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of a response; an empty one if it has none, like the pages of a proxy."""
    try:
        found = response.json()
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
    """Yield the fields of each server-sent event."""
    event: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line:
            event[name] = f"{event[name]}\n{value}" if name in event else value
        else:
            yield event
            event = {}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
