"""What runs in the session of a Symbl speaker: a state machine over the client's messages, around the conversation handler.

WAITING until a start_request, LISTENING until a stop_request, then STOPPED (which may start again if the client asked for
that) or DONE. Symbl fact sheet: message order after the start in 4.1, at the end in section 5.
"""

import asyncio
from dataclasses import replace
from enum import Enum, auto
from typing import assert_never

from django.conf import settings
from django.db import DatabaseError

from insights import access
from insights.access import Entry
from insights.analysis.trackers import Tracker
from insights.recorder import Joined, RecorderError, SpeakerIdentity, UnknownConversation
from streaming.aio.bounded_queue import BoundedQueue
from streaming.aio.database_executors import run_in_database
from streaming.aio.send_queue import SendQueue
from streaming.audio.arrival_rate import ArrivalRate
from streaming.audio.codecs import AudioError
from streaming.audio.pcm import BYTES_PER_SAMPLE
from streaming.cluster.transcript_update import PresentPerson
from streaming.conversations.conversation_handler import LAST_WORDS_S, ConversationHandler
from streaming.conversations.live_speech import LanguageError, LiveSpeech, StartOptions, StorageDelayed
from streaming.conversations.recognition_options import warning_about
from streaming.conversations.rendered_events import SPEAKERS_SKIP, RenderedEvents, SymblTexts, send_events
from streaming.protocols import symbl as wire
from streaming.protocols.symbl import Audio, ClientMessage, Modify, Ping, Start, Stop, View, encode
from streaming.recordings.recording import AudioNotStored
from streaming.sessions.session import Runner, Session
from streaming.speech.decode_queue import DecodeCostError
from streaming.speech.engines.base import RecogniserError
from streaming.types.session_end import End

INBOX_BYTES = 1_000_000
"""Bytes of messages that may wait: half a minute of 16 kHz audio."""
RECEIVED_S = 600.0
"""Seconds that the messages which wait at the end may take to be handled: they may hold minutes of compressed audio."""
MESSAGE_BYTES = 128
"""Overhead in bytes that each queued audio chunk is counted with, so that many tiny chunks cannot fill the memory."""

REFUSED_STARTS = (AudioError, LanguageError, RecorderError, RecogniserError)


class State(Enum):
    """The state of a speaker's session."""

    WAITING = auto()
    LISTENING = auto()
    STOPPED = auto()
    DONE = auto()


def weight(message: ClientMessage) -> int:
    """Return the size in bytes that a message is counted with in the session's queue."""
    if isinstance(message, Audio):
        return len(message.chunk) + MESSAGE_BYTES
    if not isinstance(message, Start):
        return 256
    texts = [*message.vocabulary, *(phrase for tracker in message.trackers for phrase in (tracker.name, *tracker.vocabulary))]
    texts += [*message.metadata, *message.metadata.values(), message.webhook_url, *(notice.text for notice in message.notices)]
    texts += [str(part) for pair in message.speaker.attributes.items() for part in pair] if message.speaker else []
    return 256 + sum(64 + len(text) for text in texts)  # a Python str takes about 64 bytes besides its characters


class SymblSpeaker(Runner):
    """One speaker.

    Args:
        send_queue: the way out to the client.
        site: the base URL that the client connected to, such as https://talk.example.org.
        after: cursor of a client that reconnects and wants the events that it missed; None: only events from now on.
        presence: whether the client wants to know who is present (our extension `presence=1`).
        open_turns: whether the client wants insights of open turns (our extension `interimInsights=1`).
        entry: the conversation of somebody else that the client may join, and as whom; it can start none then.
        all_results: whether to send recognition results of other speakers too (our extension `results=all`).
    """

    shutdown_s = RECEIVED_S + LAST_WORDS_S

    def __init__(
        self,
        session: "Session[SymblSpeaker]",
        *,
        user_id: int,
        send_queue: SendQueue,
        site: str,
        entry: Entry | None = None,
        after: int | None = None,
        all_results: bool = False,
        presence: bool = False,
        open_turns: bool = False,
    ) -> None:
        self.state = State.WAITING
        self.started_or_starting = False
        self.conversation_id: int | None = None
        """The conversation that was joined last."""
        self._session = session
        self._send_queue = send_queue
        self._site = site
        self._user_id = user_id
        self._after = after
        self._all_results = all_results
        self._entry = entry
        self._presence, self._open_turns = presence, open_turns
        self._present_in: int | None = None
        self._inbox: BoundedQueue[ClientMessage] = BoundedQueue(INBOX_BYTES)
        self._serving: asyncio.Task[None] | None = None
        place = (user_id, session.webrtc_id) if entry is None else (entry.conversation.owner_id, entry.conversation.connection_id)
        self._speech = LiveSpeech(session.runtime, session.id, *place, self._on_error, self._on_language)
        self._conversation: ConversationHandler[str] = ConversationHandler(self._speech)
        self._start = Start()
        self._arrivals: ArrivalRate | None = None
        self._sender_task: asyncio.Task[None] | None = None
        self._late_audio_reported = False

    @property
    def started(self) -> bool:
        """Whether a start was accepted before; errors have another form after it."""
        return self.state is not State.WAITING

    @property
    def idle_limit_s(self) -> float:
        """Seconds without activity after which the session ends, in the current state."""
        if self.state is State.LISTENING:
            return float(settings.SILENCE_TIMEOUT_S)
        if self.state is State.STOPPED:
            return float(self._start.stop_timeout)
        return float(settings.START_TIMEOUT_S)

    @property
    def idle_text(self) -> str:
        """The error text for a client that exceeded `idle_limit_s`."""
        if self.state is State.LISTENING:
            return f"no audio came for {settings.SILENCE_TIMEOUT_S:g} s"
        if self.state is State.STOPPED:
            return f"no start_request came for {self._start.stop_timeout} s after the stop_request"
        return f"no start_request came within {settings.START_TIMEOUT_S:g} s"

    def start(self) -> None:
        self._session.set_idle_limit(self.idle_limit_s)
        self._serving = self._session.spawn(self._session.serve(self._inbox, self._receive))

    async def push(self, message: ClientMessage, *, wait: bool) -> bool:
        """Queue a message of the client; `wait`: as soon as there is room. Return False if there was none."""
        if isinstance(message, Start):  # audio that arrives right after a start_request belongs to it
            self.started_or_starting = True
        if wait:
            await self._inbox.put_when_room(message, weight(message))
        return wait or self._inbox.put(message, weight(message)) or self._inbox.closed

    def on_end(self, end: End, reason: str) -> None:
        """Take no more messages; queued ones are still handled if the client went, or the server ends the session."""
        self._inbox.close(discard=end in (End.FINISHED, End.FAILED, End.IDLE, End.OVERRUN, End.DELETED))

    async def _receive(self, message: ClientMessage) -> None:
        with self._session.busy():
            active = await self.handle(message)
        if self.state is State.DONE:
            self._session.end(End.FINISHED)
        elif active:
            self._session.set_idle_limit(self.idle_limit_s)

    async def handle(self, message: ClientMessage) -> bool:
        """Process one message. Return whether it was activity, which resets the idle limit: audio while LISTENING, a start or a stop."""
        match message:
            case Audio() if self.state is State.LISTENING:
                self._check_rate(message)
                await self._speech.feed(message.chunk)
                return bool(message.chunk)
            case Start():
                return await self._begin(message)
            case Stop():
                return await self._stop()
            case Modify():
                await self._modify(message)
            case Audio() if self.state is State.STOPPED and not self._late_audio_reported:
                self._late_audio_reported = True
                self._error("audio after stop_request is ignored; send start_request first", "audio")
            case Audio() | Ping():  # audio without a start is ignored, and the consumer answers pings
                pass
            case _:
                assert_never(message)
        return False

    async def shutdown(self, end: End) -> None:
        """Handle the queued messages, transcribe and store the pending speech, then leave the conversation.

        After a lost connection the conversation stays live for as long as the client asked (`noConnectionTimeout`).
        """
        if self._serving is not None:
            await asyncio.wait({self._serving}, timeout=RECEIVED_S)
        try:
            await self._conversation.finish(catch_up=end in (End.IDLE, End.SHUTDOWN, End.STALE))
            done = end in (End.FINISHED, End.IDLE) or self.state is State.STOPPED
            await self._speech.leave(final=done)
        finally:
            await self._stop_sending()

    async def _begin(self, start: Start) -> bool:
        if self.state is State.LISTENING:
            text = "already started; send stop_request before another start_request"
            self._send_queue.put(encode(wire.error_envelope(text, field="type")))
            return False
        try:
            joined = await self._conversation.begin(_as_invited(_start_options(start), self._entry))
        except REFUSED_STARTS as error:
            self._send_queue.put(encode(wire.error_envelope(str(error), field=_field(error))))
            return False
        self._start = start
        self._arrivals = _arrivals(start)
        self.conversation_id = joined.conversation_id
        self._late_audio_reported = False
        self.state = State.LISTENING
        for message in (
            wire.conversation_created(joined.conversation_id),
            wire.started_listening(),
            wire.recognition_started(joined.conversation_id),
        ):
            self._send_queue.put(encode(message))
        if joined.audio_recorded:
            self._send_queue.put(encode(wire.audio_recording(joined.conversation_id)))
        if self._speech.language_warning:
            self._warn(self._speech.language_warning, _field(self._speech.language_warning))
        if self._speech.speakers_warning:
            self._warn(self._speech.speakers_warning, _field(self._speech.speakers_warning))
        for notice in start.notices:
            self._warn(notice.text, notice.field)
        await self._start_sending(joined)
        return True

    async def _start_sending(self, joined: Joined) -> None:
        known = self._site + access.conversation_path(joined.conversation_id)  # a conversation that begins has no public page
        view = View.of(self._start, summary_url=known if joined.created else await self._summary_url(joined.conversation_id))
        results_of = None if self._all_results else self._session.id
        wanted = {"presence": self._presence, "open_turns": self._open_turns}
        texts = SymblTexts(view, self._send_queue, results_of=results_of, skip=SPEAKERS_SKIP, **wanted)
        if self._conversation.events is not None and self._conversation.is_subscribed_to(joined):
            self._conversation.events.renderer = texts
            self._enter(joined)
            return
        await self._stop_sending()
        cursor = joined.cursor if self._after is None else self._after
        if cursor > joined.cursor:
            cursor = 0  # the cursor belongs to an earlier conversation: the client has received nothing of this one
        events = await self._conversation.subscribe(joined, cursor, texts)
        self._sender_task = asyncio.create_task(self._send(events))
        self._enter(joined)

    def _enter(self, joined: Joined) -> None:
        """Show the speaker as present."""
        member = joined.member
        identity, name = (member.user_id or member.id, member.name) if member is not None else (str(self._session.id), "")
        self._present_in = joined.conversation_id
        person = PresentPerson(identity, name or "Unknown speaker", True)
        self._session.runtime.presence.enter(joined.conversation_id, self._session.id, person)

    async def _send(self, events: RenderedEvents[str]) -> None:
        await send_events(events, self._send_queue)
        if events.deleted:
            self._session.end_early(End.DELETED)

    async def _stop_sending(self) -> None:
        self._session.runtime.presence.leave(self._present_in, self._session.id)
        await self._conversation.unsubscribe()
        if self._sender_task is not None:
            self._sender_task.cancel()
            await asyncio.gather(self._sender_task, return_exceptions=True)
            self._sender_task = None

    async def _stop(self) -> bool:
        if self.state is not State.LISTENING:
            state = "already stopped" if self.state is State.STOPPED else "not started"
            self._error(f"{state}; send start_request first", "type")
            return False
        await self._conversation.finish()
        if not self._start.disconnect_on_stop and self._start.stop_timeout > 0:
            self.state = State.STOPPED
            self.started_or_starting = True
            self._send_queue.put(encode(wire.recognition_stopped()))
            return True
        conversation_id = self._speech.joined.conversation_id if self._speech.joined else 0
        await self._speech.leave(final=True)
        await self._stop_sending()
        summary_url = await self._summary_url(conversation_id)
        # One of Symbl's clients stops reading at recognition_stopped but needs conversation_completed, so that is sent first.
        self._send_queue.put(encode(wire.conversation_completed(conversation_id, summary_url)))
        self._send_queue.put(encode(wire.recognition_stopped()))
        self.state = State.DONE
        return True

    async def _modify(self, modify: Modify) -> None:
        if self.state is not State.LISTENING:
            self._error("not started; send start_request first", "type")
            return
        if modify.audio_gap is not None:
            self._speech.skip(modify.audio_gap)
        encoding = modify.encoding or self._start.encoding
        rate = modify.sample_rate or self._start.sample_rate
        try:
            if modify.encoding is not None or modify.sample_rate is not None:
                await self._speech.change_audio(encoding, rate)
        except AudioError as error:
            self._error(str(error), _field(error))
            return
        self._start = replace(self._start, encoding=encoding, sample_rate=rate)  # the next modify_request builds on this
        self._arrivals = _arrivals(self._start)
        self._send_queue.put(encode(wire.session_modified(encoding, rate)))

    def _check_rate(self, audio: Audio) -> None:
        """Warn a client whose audio arrives as if it had another rate than the client states."""
        if self._arrivals is None or audio.arrived is None:
            return
        likely = self._arrivals.arrived(len(audio.chunk), audio.arrived)
        if likely is not None:
            field = "config.speechRecognition.sampleRateHertz"
            text = f"{field} is {self._start.sample_rate}, but audio arrives like live audio of {likely} Hz; if it is, send {likely} here"
            self._warn(text, field)

    async def _summary_url(self, conversation_id: int) -> str:
        """Return the URL of a page with the summary: a public one if the speaker is the owner and gave one, else the conversation's."""
        try:
            path = await run_in_database(access.summary_path, conversation_id, self._user_id)
        except DatabaseError:
            path = access.conversation_path(conversation_id)
        return f"{self._site}{path}"

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, DecodeCostError):
            self._session.end(End.OVERRUN, str(error))
            return
        if isinstance(error, UnknownConversation):
            self._session.end_early(End.DELETED)
            return
        if isinstance(error, StorageDelayed | AudioNotStored):
            self._warn(str(error), "storage")
            return
        self._error(str(error), _field(error))

    def _on_language(self, code: str) -> None:
        """Tell the client the language that was found in its audio."""
        self._send_queue.put(encode(wire.language_detected(code)))
        if warning := warning_about(code):
            self._warn(warning, _field(warning))

    def _error(self, text: str, field: str) -> None:
        self._send_queue.put(encode(wire.error_top(text, field=field)))

    def _warn(self, text: str, field: str) -> None:
        self._send_queue.put(encode(wire.warning(text, field)))


def _arrivals(start: Start) -> ArrivalRate | None:
    """Return the measurement of the arrival of this audio; None if it is no PCM, or sent again and so faster than it was recorded."""
    if start.encoding not in BYTES_PER_SAMPLE or start.audio_age is not None:
        return None
    return ArrivalRate(start.sample_rate, BYTES_PER_SAMPLE[start.encoding])


def _start_options(start: Start) -> StartOptions:
    speaker = start.speaker
    keep_s = settings.NO_CONNECTION_TIMEOUT_S if start.no_connection_timeout is None else start.no_connection_timeout
    trackers = tuple(Tracker(tracker.name, tracker.vocabulary, tracker.id) for tracker in start.trackers)
    return StartOptions(
        speaker=SpeakerIdentity(speaker.user_id, speaker.name, speaker.email, dict(speaker.attributes)) if speaker else None,
        language=start.language,
        encoding=start.encoding,
        sample_rate=start.sample_rate,
        title=start.meeting_title or "",
        timezone_offset=start.timezone_offset or 0,
        confidence_threshold=start.confidence_threshold,
        vocabulary=start.vocabulary,
        trackers=trackers,
        all_trackers=start.all_trackers,
        early_trackers=start.tracker_interims,
        keep_s=keep_s,
        mask=start.redaction,
        audio_age_s=start.audio_age,
        metadata=start.metadata,
        webhook_url=start.webhook_url,
        detect_phrases=start.detect_phrases,
        store_audio=start.store_audio,
        several_speakers=start.diarization,
        expected_speakers=start.diarization_count,
        translate=start.translate,
    )


def _as_invited(options: StartOptions, entry: Entry | None) -> StartOptions:
    """Return the options of somebody who joins the conversation of another: under their own name, and without changing it."""
    if entry is None:
        return options
    person = entry.person
    own = SpeakerIdentity(person.user_id, person.name, person.email)
    return replace(
        options,
        conversation_id=entry.conversation.pk,
        speaker=own,
        title="",
        metadata={},
        webhook_url="",
        detect_phrases=False,
        store_audio=None,
    )


def _field(error: Exception | str) -> str:
    """Return the field for an error: the leading "config." name if there is one, "audio" for an AudioError, else an empty text."""
    named = str(error).partition(" ")[0].rstrip(":")
    if named.startswith("config."):
        return named
    return "audio" if isinstance(error, AudioError) else ""
