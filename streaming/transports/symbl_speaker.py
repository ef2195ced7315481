"""What a Symbl speaker's messages do: the states of one speaking socket.

WAITING until a start_request, LISTENING until a stop_request, then STOPPED (which may start again where the client
asked for that) or DONE. Symbl fact sheet: order after start in 4.1, order at the end in section 5.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto
from uuid import UUID

from django.conf import settings

from insights.analysis.managed_trackers import with_managed
from insights.analysis.trackers import Tracker
from insights.recorder import Joined, RecorderError, Speaker
from streaming.aio.send_queue import SendQueue
from streaming.audio.codecs import AudioError
from streaming.cluster.broadcast import Subscription, broadcaster
from streaming.conversations.event_sender import SPEAKERS_SKIP, EventSender
from streaming.conversations.live_speech import LanguageError, LiveSpeech, StartOptions, StorageDelayed
from streaming.protocols import symbl as wire
from streaming.protocols.symbl import Audio, ClientMessage, Modify, Start, Stop, View, encode
from streaming.speech.decode_queue import DecodeCostError
from streaming.speech.engines.base import RecogniserError
from streaming.types.session_end import End

MESSAGE_BYTES = 128
"""What a message with audio costs beside its content: a million chunks of one byte are more than a megabyte."""

REFUSED_STARTS = (AudioError, LanguageError, RecorderError, RecogniserError)


class State(Enum):
    """Where a speaking socket is in its life."""

    WAITING = auto()
    LISTENING = auto()
    STOPPED = auto()
    DONE = auto()


def weight(message: ClientMessage) -> int:
    """Return what a message weighs in the session's inbox, in bytes."""
    if isinstance(message, Audio):
        return len(message.chunk) + MESSAGE_BYTES
    if not isinstance(message, Start):
        return 256
    phrases = [*message.vocabulary, *(phrase for tracker in message.trackers for phrase in (tracker.name, *tracker.vocabulary))]
    return 256 + sum(64 + len(phrase) for phrase in phrases)  # a text of Python has about so many bytes besides its characters


class SymblSpeaker:
    """The handler behind one speaking socket.

    Args:
        after: cursor of a client that comes back and wants what it missed; None for from-now-on.
        site: the address under which the client reached us, such as https://talk.example.org.
        everybody: whether recognition results of other speakers are wanted too (ours: `results=all`).
        refuse: send the client this error and end its session; what it said before is kept.
    """

    def __init__(
        self,
        session_id: UUID,
        user_id: int,
        connection_id: str,
        send_queue: SendQueue,
        *,
        site: str,
        refuse: Callable[[str], None],
        after: int | None = None,
        everybody: bool = False,
    ) -> None:
        self._site = site
        self.state = State.WAITING
        self.started_or_starting = False
        self._session_id = session_id
        self._outbox = send_queue
        self._after = after
        self._everybody = everybody
        self._refuse = refuse
        self._part = LiveSpeech(session_id, user_id, connection_id, self._trouble)
        self._start = Start()
        self._subscription: Subscription | None = None
        self._teller: EventSender | None = None
        self._telling: asyncio.Task[None] | None = None
        self._complained_late = False

    @property
    def started(self) -> bool:
        """Whether a start was accepted before: errors take their later form then."""
        return self.state is not State.WAITING

    @property
    def finished(self) -> bool:
        """Whether the socket may be closed."""
        return self.state is State.DONE

    @property
    def patience_s(self) -> float:
        """How long the next step may take, in the present state."""
        if self.state is State.LISTENING:
            return float(settings.SILENCE_TIMEOUT_S)
        if self.state is State.STOPPED:
            return float(self._start.stop_timeout)
        return float(settings.START_TIMEOUT_S)

    @property
    def idle_text(self) -> str:
        """What a client is told whose time ran out."""
        if self.state is State.LISTENING:
            return f"no audio came for {settings.SILENCE_TIMEOUT_S:g} s"
        if self.state is State.STOPPED:
            return f"no start_request came for {self._start.stop_timeout} s after the stop_request"
        return f"no start_request came within {settings.START_TIMEOUT_S:g} s"

    def expect(self, message: ClientMessage) -> None:
        """Note, in the order of arrival, what will be handled: audio right behind a start_request belongs to it."""
        if isinstance(message, Start):
            self.started_or_starting = True

    async def handle(self, message: ClientMessage) -> bool:
        """Do what one message asks for; steps are sound that is heard, a start, and a stop."""
        if isinstance(message, Audio):
            return await self._audio(message)
        if isinstance(message, Start):
            return await self._begin(message)
        if isinstance(message, Stop):
            return await self._stop()
        if isinstance(message, Modify):
            await self._modify(message)
        return False

    async def shutdown(self, end: End) -> None:
        """Finish what was being said; a lost speaker's conversation waits as long as its client asked."""
        try:
            await self._part.finish()
            if self._teller is not None and end in (End.IDLE, End.SHUTDOWN, End.SWEPT):
                await self._teller.caught_up(self._part.last_event)
            done = end in (End.FINISHED, End.IDLE) or self.state is State.STOPPED
            await self._part.leave(final=done)
        finally:
            await self._stop_telling()

    async def _audio(self, message: Audio) -> bool:
        if self.state is State.LISTENING:
            await self._part.hear(message.chunk)
            return bool(message.chunk)
        if self.state is State.STOPPED and not self._complained_late:
            self._complained_late = True
            self._error("audio after stop_request is ignored; send start_request first", "audio")
        return False

    async def _begin(self, start: Start) -> bool:
        if self.state is State.LISTENING:
            self._error("already started; send stop_request before another start_request", "type")
            return False
        try:
            joined = await self._part.begin(_start_options(start))
        except REFUSED_STARTS as error:
            self._outbox.put(encode(wire.error_envelope(str(error), field=_field(error))))
            return False
        self._start = start
        self._complained_late = False
        self.state = State.LISTENING
        for message in (
            wire.conversation_created(joined.conversation_id),
            wire.started_listening(),
            wire.recognition_started(joined.conversation_id),
        ):
            self._outbox.put(encode(message))
        if self._part.caution:
            self._outbox.put(encode(wire.warning(self._part.caution, _field(self._part.caution))))
        await self._begin_telling(joined)
        return True

    async def _begin_telling(self, joined: Joined) -> None:
        view = View.of(self._start, summary_url=self._page(joined.conversation_id))
        if self._teller is not None and self._subscription is not None and self._subscription.conversation_id == joined.conversation_id:
            self._teller.view = view
            return
        await self._stop_telling()
        cursor = joined.cursor if self._after is None else self._after
        if cursor > joined.cursor:
            cursor = 0  # the number of an earlier conversation: nothing of this one was seen
        self._subscription = await broadcaster().subscribe(joined.conversation_id, cursor)
        only = None if self._everybody else self._session_id
        self._teller = EventSender(self._subscription, self._outbox, view, only_heard_of=only, skip=SPEAKERS_SKIP)
        self._telling = asyncio.create_task(self._teller.run())

    async def _stop_telling(self) -> None:
        if self._subscription is not None:
            await self._subscription.close()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        self._subscription = self._teller = self._telling = None

    async def _stop(self) -> bool:
        if self.state is not State.LISTENING:
            told = "already stopped" if self.state is State.STOPPED else "not started"
            self._error(f"{told}; send start_request first", "type")
            return False
        await self._part.finish()
        if self._teller is not None:
            await self._teller.caught_up(self._part.last_event)
        if not self._start.disconnect_on_stop and self._start.stop_timeout > 0:
            self.state = State.STOPPED
            self.started_or_starting = True
            self._outbox.put(encode(wire.recognition_stopped()))
            return True
        conversation_id = self._part.joined.conversation_id if self._part.joined else 0
        await self._part.leave(final=True)
        await self._stop_telling()
        # One client stops to read at recognition_stopped and waits for conversation_completed: that goes first.
        self._outbox.put(encode(wire.conversation_completed(conversation_id, self._page(conversation_id))))
        self._outbox.put(encode(wire.recognition_stopped()))
        self.state = State.DONE
        return True

    async def _modify(self, modify: Modify) -> None:
        if self.state is not State.LISTENING:
            self._error("not started; send start_request first", "type")
            return
        encoding = modify.encoding or self._start.encoding
        rate = modify.sample_rate or self._start.sample_rate
        try:
            await self._part.change_audio(encoding, rate)
        except AudioError as error:
            self._error(str(error), _field(error))
            return
        self._start = replace(self._start, encoding=encoding, sample_rate=rate)  # what the next change starts from
        self._outbox.put(encode(wire.session_modified(encoding, rate)))

    def _page(self, conversation_id: int) -> str:
        """Return the address of the conversation's page, for the people behind the client."""
        return f"{self._site}/conversations/{conversation_id}/"

    def _trouble(self, error: Exception) -> None:
        if isinstance(error, DecodeCostError):
            self._refuse(str(error))
            return
        if isinstance(error, StorageDelayed):
            self._outbox.put(encode(wire.warning(str(error), "storage")))
            return
        self._error(str(error), _field(error))

    def _error(self, text: str, field: str) -> None:
        self._outbox.put(encode(wire.error_top(text, field=field)))


def _start_options(start: Start) -> StartOptions:
    speaker = start.speaker
    keep_s = settings.NO_CONNECTION_TIMEOUT_S if start.no_connection_timeout is None else start.no_connection_timeout
    trackers = tuple(Tracker(tracker.name, tracker.vocabulary, tracker.id) for tracker in start.trackers)
    return StartOptions(
        speaker=Speaker(speaker.user_id, speaker.name, speaker.email) if speaker else None,
        language=start.language,
        encoding=start.encoding,
        sample_rate=start.sample_rate,
        title=start.meeting_title or "",
        timezone_offset=start.timezone_offset or 0,
        confidence_threshold=start.confidence_threshold,
        vocabulary=start.vocabulary,
        trackers=with_managed(trackers) if start.all_trackers else trackers,
        early_trackers=start.tracker_interims,
        keep_s=keep_s,
        mask=start.redaction,
    )


def _field(error: Exception | str) -> str:
    """Return the field that an error names: our own errors about a start begin with it, all others are about the audio."""
    named = str(error).partition(" ")[0].rstrip(":")
    if named.startswith("config."):
        return named
    return "audio" if isinstance(error, AudioError) else ""
