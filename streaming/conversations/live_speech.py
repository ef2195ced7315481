"""Our own handler: one speaker's sound becomes hypotheses, utterances, and stored events told to everyone.

Knows hearing, the recorder and the fan-out, and no transport: a door calls `begin`, `hear`, `finish` and `leave`, and
reads what happens from a fan-out subscription like any other listener.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings

from insights import recorder
from insights.analysis.text import languages
from insights.analysis.trackers import Tracker
from insights.database import DATABASE_AWAY
from insights.events import MessagesStored, TrackerSnapshot
from insights.recorder import Joined, Listening, Opening, Speaker, SpokenWord, Utterance
from streaming import recogniser
from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.aio.database_executors import run_write
from streaming.aio.safe_log import error_location
from streaming.audio.clock import Clock
from streaming.audio.codecs import AudioError, open_decoder
from streaming.cluster.broadcast import broadcaster
from streaming.cluster.registry import PROCESS, registry
from streaming.cluster.transcript_update import StoredEvent, TranscriptUpdate
from streaming.cluster.waiting_room import waiting_room
from streaming.conversations.interim_trackers import InterimTrackers
from streaming.speech.engines.base import Hypothesis, Recognition, RecognitionOptions, Word

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

HIGH_WATER_S = 30.0
"""Seconds of sound not yet heard at which a speaker has to wait: more than the longest turn, which counts until it is decoded."""
PENDING_FINALS = 32
STORE_TRIES_S = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Pauses between the tries to store an utterance while the database is away."""
STORE_WARNING_S = 3.0
"""A speaker is warned when what was said is not stored after this."""
DOOR_TRIES_S = (0.1, 0.5)
"""The same for joining and leaving: a connection that broke is replaced, but nobody waits long at a door."""
FINISH_S = 60.0
"""How long the rest of what was fed may take to be heard; a server that goes down gives less (`Registry.last_call`)."""


class LanguageError(ValueError):
    """The recogniser lacks the language; the text lists those it has."""


class StorageDelayed(Exception):
    """What was said could not be stored for STORE_WARNING_S; storing it is tried again. Reported once in each outage."""

    def __init__(self) -> None:
        super().__init__("what you say cannot be stored at present; storing it is tried again")


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What a speaker asked for when starting; see the Symbl fact sheet, section 3.1, for the meaning and units."""

    speaker: Speaker | None = None
    language: str = "en-US"
    encoding: str = "LINEAR16"
    sample_rate: int = 16000
    title: str = ""
    timezone_offset: int = 0
    confidence_threshold: float = 0.5
    vocabulary: tuple[str, ...] = ()
    trackers: tuple[Tracker, ...] = ()
    early_trackers: bool = False
    keep_s: int = 0
    mask: str = ""
    """What hidden words are replaced by; empty: nothing is hidden."""


class LiveSpeech:
    """One session's part in one conversation.

    Args:
        session_id: of the live session; interim results carry it.
        owner_id: user whose conversation this is.
        connection_id: the name under which speakers find each other.
        on_trouble: told, in the event loop, what could not be decoded or stored; StorageDelayed is a warning only.
    """

    def __init__(self, session_id: UUID, owner_id: int, connection_id: str, on_trouble: Callable[[Exception], None]) -> None:
        self.session_id = session_id
        self.owner_id = owner_id
        self.connection_id = connection_id
        self.joined: Joined | None = None
        self.last_event = 0
        self._on_trouble = on_trouble
        self._start_options = StartOptions()
        self._recognition: Recognition | None = None
        self._ear: _Ear | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._outage_reported = False

    @property
    def hearing(self) -> bool:
        """Whether sound can be fed now."""
        return self._recognition is not None

    @property
    def caution(self) -> str:
        """What a speaker should be told at the start: that nothing is found in its language; empty otherwise."""
        language = self._start_options.language
        if languages.knows(language):
            return ""
        known = ", ".join(languages.KNOWN)
        return f"config.languageCode {language!r} is written down, but only the words of trackers are found in it: insights need {known}"

    async def begin(self, start_options: StartOptions) -> Joined:
        """Join the conversation (made when it is not live yet) and open the recognition.

        Raises AudioError, LanguageError or recorder.RecorderError, each naming what is allowed; nothing is left behind then.
        """
        engine = await asyncio.wrap_future(recogniser.begin_loading())
        if not knows(engine.languages, start_options.language):
            allowed = ", ".join(engine.languages)
            raise LanguageError(f"config.languageCode {start_options.language!r} is not understood here: allowed are {allowed}")
        if start_options.mask and not knows(("en",), start_options.language):
            raise LanguageError(f"config.redaction.redactContent hides words of English only, not of {start_options.language!r}")
        decoder = open_decoder(start_options.encoding, start_options.sample_rate)
        ear = _Ear(self._on_trouble)
        options = RecognitionOptions(start_options.language, True, settings.END_OF_TURN_MS, settings.LONGEST_TURN_S)
        self.joined = await _at_door(recorder.open_conversation, self._opening(start_options))
        self.last_event = max(self.last_event, self.joined.cursor)
        self._start_options = start_options
        self._ear = ear
        self._recognition = engine.open(options, decoder, ear)
        self._keeper = asyncio.create_task(self._keep(ear, self.joined, start_options))
        registry().joined(self.session_id)
        if self.caution:
            logger.warning("session %s: %s", self.session_id, self.caution)
        await broadcaster().publish(self.joined.events)
        if self.joined.created:
            await waiting_room().ring(self.owner_id, self.connection_id)
        return self.joined

    async def hear(self, chunk: bytes) -> None:
        """Feed encoded sound; waits while the recogniser is behind or its intake is full, so that whoever sends too fast has to wait."""
        recognition, ear = self._recognition, self._ear
        if recognition is None or ear is None:
            return
        ear.clock.arrived(recognition.fed, datetime.now(UTC))
        recognition.feed(chunk)
        await self._room(recognition, ear)

    async def _room(self, recognition: Recognition, ear: "_Ear") -> None:
        """Wait until more may be fed."""
        while (recognition.full or recognition.backlog > HIGH_WATER_S or len(ear.heard) > PENDING_FINALS) and not ear.done.is_set():
            ear.room.clear()
            try:
                async with asyncio.timeout(0.25):
                    await ear.room.wait()
            except TimeoutError:
                continue

    async def change_audio(self, encoding: str, sample_rate: int) -> None:
        """Take what is fed from now on as another encoding or rate; waits as `hear` does. Raises AudioError."""
        recognition, ear = self._recognition, self._ear
        if recognition is not None and ear is not None:
            recognition.switch(open_decoder(encoding, sample_rate))
            await self._room(recognition, ear)

    async def finish(self) -> None:
        """Hear what was fed to its end; returns when all of it is stored and told.

        Where the time is too short for that, what was heard so far of the open turn is kept as if it were final.
        """
        recognition, ear, keeper = self._recognition, self._ear, self._keeper
        self._recognition = self._ear = self._keeper = None
        if recognition is None or ear is None or keeper is None:
            return
        recognition.stop()
        try:
            await _first_of(ear.done, registry().last_call, within_s=FINISH_S)
        finally:  # a cancelled end stores what there is all the same
            if not ear.done.is_set():
                logger.error("session %s: the recogniser did not finish in time", self.session_id)
                recognition.abandon()
                await asyncio.sleep(0)  # what was heard just before is on its way through the event loop
                ear.make_do()
            ear.heard.close()
        await asyncio.shield(keeper)

    async def leave(self, *, final: bool) -> list[StoredEvent]:
        """Leave the conversation after `finish`; the last one to leave for good completes it."""
        if self.joined is None:
            return []
        self.joined = None
        registry().left(self.session_id)
        events = await _at_door(recorder.leave, self.session_id, final=final, keep_s=self._start_options.keep_s)
        await broadcaster().publish(events)
        return events

    def _opening(self, start_options: StartOptions) -> Opening:
        return Opening(
            owner_id=self.owner_id,
            connection_id=self.connection_id,
            name=start_options.title,
            timezone_offset=start_options.timezone_offset,
            language=start_options.language,
            speaker=start_options.speaker,
            session_id=self.session_id,
            process=PROCESS,
            keep_s=start_options.keep_s,
        )

    async def _keep(self, ear: "_Ear", joined: Joined, start_options: StartOptions) -> None:
        """Store and tell what was heard, in order, until the mailbox is closed."""
        listening = Listening(
            member_id=joined.member.id if joined.member else None,
            confidence_threshold=start_options.confidence_threshold,
            trackers=start_options.trackers,
            vocabulary=start_options.vocabulary,
            mask=start_options.mask,
            language=start_options.language,
        )
        early = (
            InterimTrackers(start_options.trackers, start_options.language)
            if start_options.early_trackers and start_options.trackers
            else None
        )
        while True:
            try:
                hypothesis = await ear.heard.get()
            except QueueClosed:
                return
            if not hypothesis.is_final:
                # An interim result is stale once more was heard; and half a name or number cannot be told from other words.
                if not len(ear.heard) and not start_options.mask:
                    trackers = await early.find(hypothesis.turn, hypothesis.text) if early else []
                    await self._tell(hypothesis, joined, trackers)
                continue
            events = await self._store(ear.utterance(hypothesis), joined, listening)
            if events:
                self.last_event = events[-1].number
                await self._tell(
                    ear.as_stored(hypothesis, events) if start_options.mask or start_options.vocabulary else hypothesis, joined
                )
                await broadcaster().publish(events)
            ear.room.set()

    async def _store(self, utterance: Utterance, joined: Joined, listening: Listening) -> list[StoredEvent]:
        warning = asyncio.get_running_loop().call_later(STORE_WARNING_S, self._report_outage)
        try:
            return await self._stored(utterance, joined, listening)
        finally:
            warning.cancel()

    def _report_outage(self) -> None:
        if not self._outage_reported:
            self._outage_reported = True
            self._on_trouble(StorageDelayed())

    async def _stored(self, utterance: Utterance, joined: Joined, listening: Listening) -> list[StoredEvent]:
        for pause in (*STORE_TRIES_S, None):
            try:
                events = await run_write(recorder.record, joined.conversation_id, utterance, listening)
                self._outage_reported = False
                return events
            except recorder.RecorderError as error:
                self._on_trouble(error)
                return []
            except DATABASE_AWAY as error:
                logger.warning("session %s: the database does not take an utterance (%s)", self.session_id, error_location(error))
                if pause is not None:
                    await asyncio.sleep(pause)
            except Exception as error:
                logger.error("session %s: an utterance could not be stored: %s", self.session_id, error_location(error))
                break
        self._on_trouble(RuntimeError("something that was said could not be stored; what follows is still heard"))
        return []

    async def _tell(self, hypothesis: Hypothesis, joined: Joined, trackers: Sequence[TrackerSnapshot] = ()) -> None:
        await broadcaster().publish_heard(_heard(hypothesis, joined, self.session_id, trackers))


async def _at_door(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Join or leave, tried again while the database is away: both may be done twice. Raises the last error."""
    for pause in DOOR_TRIES_S:
        try:
            return await run_write(work, *args, **kwargs)
        except DATABASE_AWAY as error:
            logger.warning("the database does not let a session in or out (%s)", error_location(error))
            await asyncio.sleep(pause)
    return await run_write(work, *args, **kwargs)


class _Ear:
    """A recognition's listener: brings what recogniser threads say into the event loop, and into wall-clock time."""

    def __init__(self, on_trouble: Callable[[Exception], None]) -> None:
        self.heard: BoundedQueue[Hypothesis] = BoundedQueue(10_000)
        self.room = asyncio.Event()
        self.done = asyncio.Event()
        self.clock = Clock()
        self._unfinished: Hypothesis | None = None
        self._on_trouble = on_trouble
        self._loop = asyncio.get_running_loop()

    def make_do(self) -> None:
        """Take the last interim for the final that does not come any more."""
        if self._unfinished is not None:
            self.heard.put(replace(self._unfinished, is_final=True))

    def utterance(self, h: Hypothesis) -> Utterance:
        """Return a final hypothesis in wall-clock time."""
        at = self.clock.at
        words = tuple(SpokenWord(word.text, at(word.start), at(word.end), word.confidence) for word in h.words)
        return Utterance(h.text, words, h.confidence, at(h.start), at(h.end))

    def as_stored(self, h: Hypothesis, events: Sequence[StoredEvent]) -> Hypothesis:
        """Return a final hypothesis with the words that were stored of it, in its own time."""
        messages = [message for stored in events if isinstance(stored.event, MessagesStored) for message in stored.event.messages]
        origin = self.clock.at(h.start)

        def seconds(text: str) -> float:
            return round(h.start + (datetime.fromisoformat(text) - origin).total_seconds(), 3)

        words = [word for message in messages for word in message.words]
        placed = tuple(Word(one.word, seconds(one.start_time), seconds(one.end_time), one.score) for one in words)
        return replace(h, text=" ".join(message.text for message in messages), words=placed)

    def hypothesis(self, h: Hypothesis) -> None:
        """Called from any thread."""
        self._in_loop(self._take, h)

    def speech_started(self, at: float) -> None:
        """Called from any thread; the conversation learns of speech by its words."""

    def trouble(self, error: AudioError) -> None:
        """Called from any thread."""
        self._in_loop(self._on_trouble, error)

    def drained(self) -> None:
        """Called from any thread."""
        self._in_loop(self.room.set)

    def finished(self) -> None:
        """Called from any thread."""
        self._in_loop(self.done.set)

    def _take(self, h: Hypothesis) -> None:
        self._unfinished = None if h.is_final else h
        self.heard.put(h)

    def _in_loop(self, call: Callable[..., Any], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop is closed: the server has gone, nobody listens
            logger.debug("heard something after the end of the event loop")


async def _first_of(*events: asyncio.Event, within_s: float) -> None:
    """Return when one of the events is set, or the time is over."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def knows(languages: tuple[str, ...], language: str) -> bool:
    """Tell whether a BCP-47 language is among those of a recogniser: en-US is where en or en-US is listed, case aside."""
    wanted = language.lower()
    known = {entry.lower() for entry in languages}
    return wanted in known or wanted.split("-")[0] in known


def _heard(h: Hypothesis, joined: Joined, session_id: UUID, trackers: Sequence[TrackerSnapshot]) -> TranscriptUpdate:
    """Return a hypothesis as subscribers get it."""
    return TranscriptUpdate(
        joined.conversation_id, session_id, h.text, tuple(h.words), h.confidence, h.is_final, joined.member, tuple(trackers)
    )
