"""The WebSockets of the Symbl API: for speakers, who also receive results, for subscribers, and for the telephony that is not implemented.

A speaker's messages are parsed here and put into the session's queue; `symbl_speaker.py` handles them.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import assert_never
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from insights import access, queries
from insights.access import Entry, Grant, MissingScope, Scope, check_scope
from insights.models import Conversation
from insights.safe_log import error_location
from streaming.aio.database_executors import run_in_database
from streaming.aio.send_queue import NORMAL, POLICY
from streaming.cluster.registry import TooManySessions
from streaming.cluster.runtime import runtime
from streaming.cluster.transcript_update import PresentPerson
from streaming.conversations.rendered_events import RenderedEvents, SymblTexts, send_events
from streaming.protocols.json_message import JsonMessage
from streaming.protocols.symbl import (
    PONG,
    Audio,
    ClientMessage,
    Ping,
    View,
    WireError,
    after,
    connection_id,
    conversation_completed,
    conversation_created,
    conversation_deleted,
    encode,
    error_envelope,
    error_top,
    parse,
    warning,
)
from streaming.sessions.session import Session
from streaming.transports.auth import REFUSED, grant_of
from streaming.transports.consumer import RESTART, Consumer
from streaming.transports.symbl_speaker import SymblSpeaker
from streaming.types.client_connection import LimitReached, TransportKind
from streaming.types.session_end import TEXTS, End

logger = logging.getLogger(__name__)

FAILED = 1011
TRY_AGAIN_LATER = 1013
LONGEST_IDENTITY = 320
RECONNECT = 3006
"""The close code on which Symbl's JavaScript clients reconnect (fact sheet, section 7)."""
DISCONNECTED = "the client disconnected"
SDK_SOURCES = frozenset({"js_sdk", "web_sdk", "python_sdk"})
"""The `source` of the published SDKs in the query."""
SDK_CHUNK_BYTES = 65_536
"""Bytes of a chunk that are accepted from those SDKs: they send the pieces in which files are read, and show nobody an error."""
FULL = "this server has as many sessions as it can serve; try again later"
NOT_HERE = (
    "the Telephony API is not implemented: this server has no telephone connections;"
    " use /v1/streaming/{connectionId} to speak and /v1/subscribe/{connectionId} to listen"
)


class SymblConsumer(Consumer):
    """The common base: checks the connection id, the cursor (`?after=`), the credentials and their scope.

    The query may name a conversation of somebody else (`?conversation=` or `?guest=`, see `insights.access.entries`).
    """

    needed_scope: Scope = "stream"
    speaks = True
    user_id: int
    grant: Grant
    entry: Entry | None = None
    not_shared = "this conversation was not shared with you, or the invitation is no longer valid", "conversation"
    """The error for a conversation that the client may not enter, and its field."""
    connection_id: str
    after: int | None

    @property
    def wants_presence(self) -> bool:
        """Whether the client wants to know who is present."""
        return self.credentials.query.get("presence") == "1"

    @property
    def wants_open_turns(self) -> bool:
        """Whether the client wants insights of open turns."""
        return self.credentials.query.get("interimInsights") == "1"

    @property
    def wanted_entry(self) -> Mapping[str, str]:
        """The part of the query that names a conversation of somebody else; empty without one."""
        query = self.credentials.query
        return query if "guest" in query or "conversation" in query else {}

    async def connected(self) -> None:
        """Authenticate the client and call `authenticated`, or send an error in the protocol's form and close."""
        try:
            self.connection_id = connection_id(self.scope["url_route"]["kwargs"]["connection_id"])
            self.after = after(self.credentials.query["after"]) if "after" in self.credentials.query else None
        except WireError as error:
            self.refuse(str(error), error.field)
            return
        wanted = self.wanted_entry
        try:
            by = await grant_of(self.credentials)
            self.entry = await run_in_database(access.enter, by, wanted, speaking=self.speaks) if wanted else None
        except Exception as error:  # usually the database is unreachable: with this close code the client may try again
            logger.warning("authentication failed (%s)", error_location(error))
            self.refuse("the server cannot check your credentials at present; try again later", "", TRY_AGAIN_LATER)
            return
        if self.entry is not None:
            by = self.entry.grant
        elif by is None:
            self.refuse(REFUSED, "access_token")
            return
        elif wanted:
            self.refuse(*self.not_shared)
            return
        try:
            check_scope(self.needed_scope, by.scopes)
        except MissingScope as error:
            self.refuse(str(error), "access_token")
            return
        self.user_id = by.user_id
        self.grant = by
        await self.authenticated()

    async def authenticated(self) -> None:
        """Start to serve the authenticated client."""

    def refuse_rate(self, text: str) -> None:
        """Send a warning that too many messages without audio came, and close."""
        self.send_queue.put(encode(warning(text)))
        self.send_queue.finish(POLICY, text)

    def refuse(self, text: str, field: str, code: int = POLICY) -> None:
        """Send an error in the protocol's form, then close the connection with `code`."""
        self.send_queue.put(encode(error_top(text, field=field)))
        self.send_queue.finish(code, text)


class SpeakConsumer(SymblConsumer):
    """`/v1/streaming/{id}` and `/v1/realtime/insights/{id}`: one speaker, who also receives results."""

    kind: TransportKind = "websocket"
    _session: Session[SymblSpeaker] | None = None
    _speaker: SymblSpeaker | None = None
    _large_chunk_reported = False

    async def authenticated(self) -> None:
        """Open the session, which can outlive the socket until it has stored everything."""
        make_speaker = partial(
            SymblSpeaker,
            user_id=self.user_id,
            entry=self.entry,
            send_queue=self.send_queue,
            site=self.site,
            after=self.after,
            all_results=self.credentials.query.get("results") == "all",
            presence=self.wants_presence,
            open_turns=self.wants_open_turns,
        )
        session = Session(self, self.user_id, self.connection_id, make_speaker, grant=self.grant)
        try:
            self._speaker = await session.open()
        except LimitReached:
            self.refuse(FULL, "", TRY_AGAIN_LATER)
        else:
            self._session = session

    async def text(self, text: str) -> bool:
        """Parse and queue a message; answer an invalid one with an error and change nothing."""
        try:
            message = parse(text)
        except WireError as error:
            top = self._speaker is None or (self._speaker.started and not error.answers_start)
            form = error_top if top else error_envelope
            self.send_queue.put(encode(form(str(error), field=error.field)))
            return False
        if isinstance(message, Ping):
            self.send_queue.put(PONG)
        else:
            await self._offer(message)
        return False

    async def binary(self, data: bytes) -> bool:
        """Queue a chunk of audio. Refuse one that is too large, keeping the session; ignore one that is empty or before the start."""
        if not data or self._speaker is None or not self._speaker.started_or_starting:
            return True
        if len(data) > settings.MAX_AUDIO_CHUNK_BYTES and not self._takes_large(len(data)):
            return False
        await self._offer(Audio(data, time.monotonic()))
        return True

    def _takes_large(self, size: int) -> bool:
        """Return whether a chunk above MAX_AUDIO_CHUNK_BYTES is accepted: with a warning from an SDK, else refused with an error."""
        documented = settings.MAX_AUDIO_CHUNK_BYTES
        from_sdk = self.credentials.query.get("source") in SDK_SOURCES
        limit = max(documented, SDK_CHUNK_BYTES) if from_sdk else documented
        if size > limit:
            text = f"a chunk of audio may be at most {limit} bytes, not {size}; this one was not processed"
            self.send_queue.put(encode(error_top(text, field="audio")))
        elif not self._large_chunk_reported:
            self._large_chunk_reported = True
            text = f"audio: a chunk has {size} bytes; send at most {documented}, from this SDK up to {limit} are accepted"
            self.send_queue.put(encode(warning(text, "audio")))
        return size <= limit

    async def disconnected(self) -> None:
        """End the session; what the client said before is still transcribed, stored and sent to subscribers."""
        if self._session is not None:
            self._session.end(End.LOST)

    def message(self, message: JsonMessage) -> None:
        """Send JSON to the client."""
        self.send_queue.put(encode(message))

    def hang_up(self, end: End, reason: str) -> None:
        """Close the socket, after an error that says why where the client did not close it."""
        match end:
            case End.IDLE:
                self.refuse(self._speaker.idle_text if self._speaker is not None else reason, "")
            case End.FAILED:
                self.refuse("the session failed on the server; what was stored is kept", "", FAILED)
            case End.SHUTDOWN | End.STALE:
                from_sdk = self.credentials.query.get("source") in ("js_sdk", "web_sdk")
                self.refuse(reason, "", RECONNECT if from_sdk else RESTART)
            case End.REVOKED:
                self.refuse(reason, "access_token")
            case End.DELETED:
                if self._speaker is not None and self._speaker.conversation_id is not None:
                    self.send_queue.put(encode(conversation_deleted(self._speaker.conversation_id)))
                self.refuse(reason, "conversationId")
            case End.OVERRUN:
                self.refuse(reason, "audio")
            case End.FINISHED | End.LOST | End.CLOSED | End.TIME_LIMIT:
                self.send_queue.finish(NORMAL)
            case _:
                assert_never(end)

    async def _offer(self, message: ClientMessage) -> None:
        if self._session is None or self._speaker is None:
            return
        if not await self._speaker.push(message, wait=self.makes_client_wait):
            self._session.end(End.OVERRUN, "audio comes faster than this server can process it; send it more slowly")


class ListenConsumer(SymblConsumer):
    """`/v1/subscribe/{id}`: sends the results of a conversation; ignores all messages of the client except pings."""

    needed_scope: Scope = "read"
    unknown = "no live conversation has this connectionId", "connectionId"
    """The error for a conversation that is not found, and its field."""
    speaks = False
    _sender_task: asyncio.Task[None] | None = None
    _conversation_id: int | None = None
    _finished = False

    async def authenticated(self) -> None:
        """Start to send events; the sender waits until the conversation is live."""
        self._id = uuid4()
        self._started_at = time.monotonic()
        logger.info("subscriber %s started: %s", self._id, self._description)
        runtime().revocation.note(self, self.grant)
        self._sender_task = asyncio.create_task(self._run_sender())

    async def text(self, text: str) -> bool:
        """Answer a ping, ignore everything else (Symbl fact sheet, section 7)."""
        if text == "__PING__":
            self.send_queue.put(PONG)
        return False

    def end_early(self, end: End) -> None:
        """Send the reason why the server ends this connection, and close it."""
        self.refuse(TEXTS[end], "access_token")

    async def disconnected(self) -> None:
        """Stop to send events."""
        if self._sender_task is None:
            return
        self._sender_task.cancel()
        reason = End.FINISHED.value if self._finished else self.send_queue.reason or DISCONNECTED
        logger.info("subscriber %s ended after %.1f s: %s (%s)", self._id, time.monotonic() - self._started_at, reason, self._description)
        await asyncio.gather(self._sender_task, return_exceptions=True)  # a server that goes down cancels this

    @property
    def _description(self) -> str:
        """The description for the log."""
        conversation = "" if self._conversation_id is None else f"conversation {self._conversation_id}, "
        return f"{conversation}websocket, user {self.user_id}"

    def _finish_sending(self) -> None:
        """Close the connection after everything was sent."""
        if not self.send_queue.closed:
            self._finished = True
            self.send_queue.finish(NORMAL)

    async def _run_sender(self) -> None:
        try:
            await self._send_events()
        except TooManySessions:
            self.refuse(FULL, "", TRY_AGAIN_LATER)
        except Exception as error:
            logger.error("a subscriber failed: %s", error_location(error))
            self.refuse("the server cannot send more events at present; connect again", "", FAILED)

    async def _send_events(self) -> None:
        events = await self._subscribe()
        if events is None:
            if not self.send_queue.closed:
                self.refuse(*self.unknown)
            return
        presence = runtime().presence
        try:
            person = self.entry.person if self.entry else await run_in_database(access.person_with_id, self.user_id)
            identity = person.user_id if self.entry else self.credentials.query.get("as", "")[:LONGEST_IDENTITY] or person.user_id
            presence.enter(events.conversation_id, self._id, PresentPerson(identity, person.name, False))
            await send_events(events, self.send_queue)
        finally:
            presence.leave(events.conversation_id, self._id)
            await events.close()
        self._finish_sending()

    async def _subscribe(self) -> RenderedEvents[str] | None:
        """Subscribe to the conversation, after waiting for its first speaker if needed. Return None if there is nothing to send."""
        if self.entry is not None:
            return await self._subscribe_to(self.entry.conversation, from_now_on=True)
        since = timezone.now()
        found = await run_in_database(
            queries.conversation_for_subscriber, self.user_id, self.connection_id, ended_since=since if self.after is None else None
        )
        if found is not None:
            return await self._subscribe_to(found, from_now_on=True)
        found = await runtime().waiting_room.wait(self.user_id, self.connection_id, since, settings.START_TIMEOUT_S)
        return await self._subscribe_to(found, from_now_on=False) if found is not None else None

    async def _subscribe_to(self, found: Conversation, *, from_now_on: bool) -> RenderedEvents[str] | None:
        self._conversation_id = found.id
        cursor = found.last_event if from_now_on else 0
        if self.after is not None:
            cursor = self.after if self.after <= found.last_event else 0  # a larger number belongs to an earlier conversation
            if found.ended_at is not None and not await run_in_database(queries.ends_after, found.id, cursor):
                self.send_queue.put(encode(conversation_completed(found.id)))  # the event log holds no such event after the cursor
                self._finish_sending()
                return None
        elif cursor:  # a late subscriber starts after the conversation_created event but needs the id
            self.send_queue.put(encode(conversation_created(found.id)))
        texts = SymblTexts(View(), self.send_queue, presence=self.wants_presence, open_turns=self.wants_open_turns)
        return await RenderedEvents.subscribe(found.id, cursor, texts)


class FollowConsumer(ListenConsumer):
    """`/v1/conversations/{id}/subscribe`: the events of one stored conversation, also those after its end. Not part of Symbl's API.

    It sends what happens from now on, or after the event `?after=`: new results, and what people change later.
    """

    not_shared = "no conversation of yours has this id", "conversationId"

    @property
    def wanted_entry(self) -> Mapping[str, str]:
        """The conversation in the path; a guest only has those that are live."""
        return {"conversation": self.connection_id}

    async def _subscribe(self) -> RenderedEvents[str] | None:
        if self.entry is None:
            return None
        found = self.entry.conversation
        self._conversation_id = found.id
        cursor = found.last_event if self.after is None else min(self.after, found.last_event)
        texts = SymblTexts(View(), self.send_queue, presence=self.wants_presence, open_turns=self.wants_open_turns)
        return await RenderedEvents.subscribe(found.id, cursor, texts, past_end=True)


class NoTelephonyConsumer(Consumer):
    """`/events/{id}` and `/session/subscribe/{id}`: both forms of the error, as clients read one or the other, then a clean close.

    Credentials are not checked: nothing is read or sent but the error. A clean close keeps clients from connecting again.
    """

    async def connected(self) -> None:
        """Send the errors and close."""
        self.send_queue.put(encode(error_envelope(NOT_HERE)))
        self.send_queue.put(encode(error_top(NOT_HERE)))
        self.send_queue.finish(NORMAL, NOT_HERE)
