"""`POST .../webrtc/offer`: offers and trickled candidates of browsers, answered as FastRTC's clients expect it.

A request may arrive in another process than the one that has its session. Then it is forwarded to that process by RPC, and
answered there (design law 7).

An id that the requester already uses is FastRTC's `connection_already_exists`, unless the offer may renew the session (`Peer.may_renew`).
Ids of other users have no influence on an answer.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from insights.access import Grant, parse_scopes
from insights.snapshots import Payload
from streaming.cluster.directory import DirectoryUnreachable
from streaming.cluster.runtime import Runtime, runtime
from streaming.cluster.session_endpoint import END_S, end_resumed
from streaming.handlers.stream import Stream
from streaming.protocols.fastrtc import (
    BodyError,
    already_exists,
    body_object,
    failed,
    invalid_detail,
    limit_reached,
    missing_detail,
    resume,
    user_data,
    webrtc_id,
)
from streaming.protocols.json_message import JsonMessage
from streaming.transports.consumer import keep_task
from streaming.transports.http_auth import grant_of_request, on_stream, refusal
from streaming.transports.webrtc.candidates import CandidateError, Key, parse
from streaming.transports.webrtc.connection import Offer, read_offer
from streaming.transports.webrtc.forwarding import PeerAnswer, PeerCall, call_peer, peer_address
from streaming.transports.webrtc.offer_limits import OfferError, OfferQueue, TooManyOffers
from streaming.transports.webrtc.peer import Peer, Peers
from streaming.types.client_connection import IdTaken, LimitReached
from streaming.types.input_values import checked_user_data

logger = logging.getLogger(__name__)

OFFER, CANDIDATE = "offer", "ice-candidate"
EARLY_S = 1.0
"""Seconds that the response to a candidate waits for the offer; the candidate itself is kept longer."""
LONGEST_BODY = 131_072
"""Bytes of a request: the longest session description, with most of its characters escaped."""
OFFER_ELSEWHERE_S = 5.0
"""Seconds that another process may take to answer an offer."""

UNKNOWN, CLOSED = "unknown_connection", "connection_closed"


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a request: HTTP status and JSON. FastRTC's failures have status 200."""

    body: JsonMessage
    status: int = 200


@on_stream("POST")
async def webrtc_offer(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Handle an offer or a candidate."""
    try:
        if len(request.body) > LONGEST_BODY:
            return refusal(413, f"this body is too large: at most {LONGEST_BODY} bytes are allowed")
        body = body_object(request.body)
        answered = await answer(stream, user_id, body, grant_of_request(request), request.META.get("REMOTE_ADDR", ""))
    except RequestDataTooBig:
        return refusal(413, "this body is too large")
    except BodyError as error:
        return JsonResponse(error.answer, status=422)
    return JsonResponse(answered.body, status=answered.status)


async def answer(stream: Stream, user_id: int | None, body: Payload, by: Grant | None = None, address: str = "") -> Answer:
    """Answer one request of an authorised requester (with a grant, or anonymous) from a client address.

    Raises BodyError for missing or invalid fields.
    """
    own, key = runtime(), (user_id, stream.name, _checked(body))
    peers = own.part(Peers)
    if body["type"] == CANDIDATE:
        return await _candidate(peers, key, body, address)
    try:
        with own.part(OfferQueue).place(address):
            answered = await _offer(own, peers, stream, key, body, by)
    except TooManyOffers as error:
        return Answer(limit_reached(error.limit), 429)
    if answered.body.get("type") == "answer" and (peer := peers.find(key)) is not None:
        own.revocation.note(peer.session, by)  # the grant of the last offer that was answered counts
    return answered


def _checked(body: Payload) -> str:
    """Return the webrtc_id of a valid body. Raises BodyError, which names each missing or invalid field."""
    wrong = []
    kind = body.get("type")
    if "type" not in body:
        wrong.append(missing_detail("type", body))
    elif kind not in (OFFER, CANDIDATE):
        wrong.append(invalid_detail("type", "literal_error", f"Input should be '{OFFER}' or '{CANDIDATE}'", kind))
    try:
        found = webrtc_id(body)
    except BodyError as error:
        wrong += error.details
    if kind == OFFER and body.get("sdp") is None:
        wrong.append(missing_detail("sdp", body))
    elif kind == OFFER and not isinstance(body["sdp"], str):
        wrong.append(invalid_detail("sdp", "string_type", "Input should be a valid string", None))
    if kind == OFFER:
        for check in (resume, user_data):
            try:
                check(body)
            except BodyError as error:
                wrong += error.details
    if kind == CANDIDATE and not isinstance(body.get("candidate"), dict | None):
        wrong.append(invalid_detail("candidate", "dict_type", "Input should be a valid dictionary", None))
    if wrong:
        raise BodyError(wrong)
    return found


async def _offer(own: Runtime, peers: Peers, stream: Stream, key: Key, body: Payload, by: Grant | None) -> Answer:
    wish = resume(body)
    try:
        offer = read_offer(body["sdp"])
        await asyncio.sleep(0)  # let other connections run: reading an offer and answering it take milliseconds each
        peer = await _live_peer(peers, key)
        if peer is not None:
            return _answer_body(await peer.renew(offer, wish), peer.give_value(wish))
        elsewhere = await _answer_elsewhere(own, key, body, by)
        if elsewhere is not None:
            return elsewhere
        peer, described = await _open(peers, stream, key, offer, checked_user_data(stream.user_data, body.get("user_data")))
    except OfferError as error:
        detail = invalid_detail("sdp", "value_error", str(error), None)
        return Answer({**failed(str(error)), "detail": [detail]}, 422)
    except LimitReached as error:
        return Answer(limit_reached(error.limit), 429)
    except IdTaken:
        return Answer(already_exists())
    _register(own, peers, peer)
    return _answer_body(described, peer.give_value(wish))


async def _live_peer(peers: Peers, key: Key) -> Peer | None:
    """Return the requester's own peer of an id, or None. If its session is ending, wait until its id is free in all processes.

    Raises IdTaken if that takes more than END_S.
    """
    peer = peers.find(key)
    if peer is None or not peer.session.ending:
        return peer
    try:
        async with asyncio.timeout(END_S):
            await peer.session.close("a new offer came")
    except TimeoutError:
        raise IdTaken from None
    return peers.find(key)


async def _open(peers: Peers, stream: Stream, key: Key, offer: Offer, data: Any) -> tuple[Peer, str]:
    """Open a session; at the limit, first end one whose client is lost. Raises LimitReached, IdTaken or OfferError."""
    while True:
        peer = Peer(stream, key[2], key[0], data)
        try:
            return peer, await peer.open(offer)
        except LimitReached:
            if not await peers.make_room(stream):
                raise


def _answer_body(sdp: str, resume_value: str) -> Answer:
    """Return FastRTC's answer; only a client that asked finds its resume value in it."""
    return Answer({"sdp": sdp, "type": "answer", **({"resume": resume_value} if resume_value else {})})


async def _candidate(peers: Peers, key: Key, body: Payload, address: str) -> Answer:
    """Add a candidate. One that came before its offer is kept, and the response waits for that offer at most EARLY_S."""
    try:
        trickled = parse(body.get("candidate"))
    except CandidateError as error:
        return Answer(failed(str(error)))
    peer = peers.find(key)
    if peer is not None and peer.add(trickled):
        return Answer({"status": "success"})
    if peers.is_past(key) or (peer is not None and peer.session.ended.is_set()):
        return Answer(failed(CLOSED))
    waiting = peers.early.put(key, trickled, address)
    peers.forwarding.look_for(key)  # its offer may be in another process
    return Answer({"status": "success"} if await peers.early.taken_within(waiting, EARLY_S) else failed(UNKNOWN))


async def _answer_elsewhere(own: Runtime, key: Key, body: Payload, by: Grant | None) -> Answer | None:
    """Forward an offer to the process with the requester's session; return None if there is none.

    Raises IdTaken if that is no WebRTC session, unless the offer presents its resume value: then that session ends.
    """
    try:
        at = await own.directory.find(key[1], key[2], key[0])
    except DirectoryUnreachable:
        return None
    if at is None or at.ended or at.owner_id != key[0]:
        return None
    if at.transport != "webrtc":  # its client changes the transport
        if not isinstance(wish := resume(body), str) or not await end_resumed(key[1], key[2], key[0], wish):
            raise IdTaken
        return None
    if not at.channel:
        return None
    grant: list[str | int] | None = None if by is None else [by.app_id, by.session_key, by.generation, " ".join(sorted(by.scopes))]
    found = await call_peer(own, (at.channel, at.session), {"user": key[0], "body": body, "by": grant}, OFFER_ELSEWHERE_S)
    return Answer(found["body"], found["status"]) if found else None


def _register(own: Runtime, peers: Peers, peer: Peer) -> None:
    """Register a peer for calls from other processes, and announce it to them."""
    stream, identity, session = peer.stream, peer.webrtc_id, peer.session.id

    async def handle_call(received: Payload) -> PeerAnswer:
        call = cast(PeerCall, received)
        if peers.find((call["user"], stream.name, identity)) is not peer:
            return {"status": 404, "body": failed(UNKNOWN) if call["body"]["type"] == CANDIDATE else already_exists()}
        answered = await answer(stream, call["user"], call["body"], _forwarded_grant(call))
        return {"status": answered.status, "body": answered.body}

    if not peer.over:
        own.rpc.register(peer_address(session), handle_call)
        keep_task(asyncio.create_task(peers.forwarding.announce(peer.key, session)))


def _forwarded_grant(call: PeerCall) -> Grant | None:
    """Return the grant of an offer from another process; one of the former version names no scopes: an offer needs `stream`."""
    user_id, by = call["user"], call.get("by")
    if user_id is None or not by:
        return None
    app_id, session_key, generation, scopes = [*by, *("", "", 0, "stream")[len(by) :]]
    return Grant(user_id, str(app_id), str(session_key), int(generation), parse_scopes(str(scopes)))


async def _from_python(stream: Stream, user_id: int | None, body: Payload) -> JsonMessage:
    return (await answer(stream, user_id, body)).body


Stream.take_offer = _from_python
