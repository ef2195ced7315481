"""One speaker's part in a conversation: audio in, interim results and stored events out to all subscribers.

It uses the recogniser, the recorder and the broadcast, and knows no transport. A transport calls `begin`, `feed`, `finish` and
`leave`, and receives the results through a broadcast subscription like any other subscriber.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import UUID, uuid4

from insights import managed, recorder
from insights.analysis.custom_entities import CustomEntity
from insights.analysis.trackers import Tracker
from insights.database import DATABASE_UNREACHABLE
from insights.managed import LiveSettings
from insights.recorder import Joined, Listening, Opening, SpeakerIdentity, Utterance, Voice
from insights.safe_log import error_location
from insights.snapshots import MemberSnapshot, TrackerSnapshot
from streaming import recogniser
from streaming.aio.bounded_queue import QueueClosed
from streaming.aio.database_executors import run_write
from streaming.audio.clock import Clock, DatedClock, SteadyTime, steady_time_of
from streaming.audio.codecs import Decoder, open_decoder
from streaming.cluster.runtime import Runtime
from streaming.cluster.transcript_update import StoredEvent, TranscriptUpdate
from streaming.conversations.interim_trackers import InterimTrackers
from streaming.conversations.recognition_listener import RecognitionListener
from streaming.conversations.recognition_options import knows, not_understood, recognition_options, warning_about
from streaming.conversations.source_speakers import SourceSpeakers, StoredPart, load, open_speakers
from streaming.recordings.recording import WRITER, RecordedDecoder, Recording
from streaming.recordings.store import AudioStore
from streaming.speaker_models import SpeakersOff
from streaming.speech.engines.base import AUTO, Recognition, RecognitionResult
from streaming.speech.speakers.types import SpeakerModels

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

HIGH_WATER_S = 30.0
"""Seconds of unprocessed audio above which `feed` waits. It exceeds the longest turn, which counts until it is transcribed."""
PENDING_FINALS = 32
"""Results not yet stored above which `feed` waits."""
STORE_TRIES_S = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Pauses between the attempts to store an utterance while the database is unreachable."""
STORE_WARNING_S = 3.0
"""Seconds after which the speaker is warned that an utterance is not stored yet."""
JOIN_TRIES_S = (0.1, 0.5)
"""The same pauses for joining and leaving: enough to replace a broken connection, and a client waits only briefly."""
FINISH_S = 60.0
"""Seconds that the rest of the audio may take to be transcribed; a server that shuts down gives less (`Registry.drain_deadline`)."""


class LanguageError(ValueError):
    """The recogniser does not support the language; the text lists the supported ones."""


class StorageDelayed(Exception):
    """An utterance was not stored within STORE_WARNING_S; the attempts continue. Reported once for each outage."""

    def __init__(self) -> None:
        super().__init__("what you say cannot be stored at present; storing it is tried again")


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What a speaker asked for at the start; the Symbl fact sheet, section 3.1, gives meanings and units."""

    speaker: SpeakerIdentity | None = None
    language: str = "en-US"
    encoding: str = "LINEAR16"
    sample_rate: int = 16000
    title: str = ""
    timezone_offset: int = 0
    confidence_threshold: float = 0.5
    vocabulary: tuple[str, ...] = ()
    trackers: tuple[Tracker, ...] = ()
    all_trackers: bool = False
    """Whether the trackers of the account and the managed ones are added."""
    brought_trackers: tuple[Tracker, ...] = ()
    """`trackers` as they were before those of the account were added."""
    early_trackers: bool = False
    keep_s: int = 0
    mask: str = ""
    """The text that replaces redacted words; empty: nothing is redacted."""
    audio_age_s: float | None = None
    """How long before the start the first sample was recorded, in seconds; None: the audio is dated by its arrival."""
    entities: tuple[CustomEntity, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    webhook_url: str = ""
    detect_phrases: bool = False
    conversation_id: int | None = None
    """The conversation to join; None: that of the owner and connection id, which is started if it is not live."""
    store_audio: bool | None = None
    """Whether the audio is stored; None: as the account says."""
    several_speakers: bool = False
    """Whether several people speak in the audio, who are told apart."""
    expected_speakers: int | None = None
    """How many they are, if it is known."""
    translate: bool = False
    """Whether what is said in another language is translated into English, too."""


class LiveSpeech:
    """One session's part in one conversation.

    Args:
        runtime: that of the event loop.
        session_id: id of the live session; recognition results carry it.
        owner_id: user who owns the conversation.
        connection_id: the name under which several speakers join one conversation.
        on_error: called in the event loop with each error of decoding or storing; StorageDelayed is only a warning.
        on_language: called in the event loop when the language is found that the client did not know.
    """

    def __init__(
        self,
        runtime: Runtime,
        session_id: UUID,
        owner_id: int,
        connection_id: str,
        on_error: Callable[[Exception], None],
        on_language: Callable[[str], None] = lambda code: None,
    ) -> None:
        self._runtime = runtime
        self.session_id = session_id
        self.owner_id = owner_id
        self.connection_id = connection_id
        self.joined: Joined | None = None
        self.last_event = 0
        self._on_error = on_error
        self._on_language = on_language
        self._start_options = StartOptions()
        self._recognition: Recognition | None = None
        self._listener: RecognitionListener | None = None
        self._storing: asyncio.Task[None] | None = None
        self._recording: Recording | None = None
        self._speakers: SourceSpeakers | None = None
        self.speakers_warning = ""
        """The warning for a speaker whose audio counts as one person although several speak in it, or an empty text."""
        self._time = SteadyTime()
        self._dates_ends = False  # whether the clock is told where each chunk ends
        self._outage_reported = False

    @property
    def active(self) -> bool:
        """Whether audio can be fed now."""
        return self._recognition is not None

    @property
    def language_warning(self) -> str:
        """The warning for a speaker whose language has no insights, or an empty text."""
        language = self._start_options.language
        return "" if language == AUTO else warning_about(language)

    async def begin(self, start_options: StartOptions) -> Joined:
        """Join the conversation, which is created if it is not live yet, and open the recognition.

        Raises AudioError, LanguageError or recorder.RecorderError, each naming what is allowed; the state is unchanged then.
        """
        started = time.monotonic()
        engine = await asyncio.wrap_future(recogniser.begin_loading())
        if not knows(engine.languages, start_options.language):
            raise LanguageError(f"config.languageCode {start_options.language!r} {not_understood(engine)}")
        if start_options.mask and not knows(("en",), start_options.language):
            raise LanguageError(f"config.redaction.redactContent hides words of English only, not of {start_options.language!r}")
        decoder = open_decoder(start_options.encoding, start_options.sample_rate)
        options = recognition_options(start_options.language, translate=start_options.translate)
        models = await self._speaker_models(start_options)
        process = await _with_retries(self._runtime.heartbeat.registered)
        self._runtime.registry.joined(self.session_id, process)  # before the row is written: also one that is written late must be removed
        joined, start_options = await _join_or_leave(self._join, start_options, process, uuid4(), several_speakers=models is not None)
        self.joined = joined
        self.last_event = max(self.last_event, joined.cursor)
        self._start_options = start_options
        self._time = steady_time_of(joined.conversation_id)
        listener = RecognitionListener(self._on_error, _clock(start_options, self._time.at(started)))
        self._listener = listener
        self._dates_ends = isinstance(listener.clock, DatedClock) and decoder.seconds_per_byte is not None  # known before it is decoded
        if models is not None:
            expected = start_options.expected_speakers
            self._speakers = await open_speakers(joined, self.owner_id, listener.clock, models, expected)
        if joined.audio_id is not None:
            self._recording = Recording(joined.audio_id, joined.conversation_id, listener.clock, listener.recording_error)
        self._recognition = engine.open(options, self._recorded(decoder), listener)
        if self._recording is not None:
            WRITER.add(self._recording)
        self._storing = asyncio.create_task(self._store_results(listener, joined, start_options))
        if self._speakers is not None:
            self._speakers.follow()
        if self.language_warning:
            logger.warning("session %s: %s", self.session_id, self.language_warning)
        await self._runtime.broadcaster.publish(joined.events)
        if joined.created:
            await self._runtime.waiting_room.notify(self.owner_id, self.connection_id)
        return joined

    async def feed(self, chunk: bytes) -> None:
        """Feed encoded audio; waits while the recogniser is behind or its queue is full, which applies back-pressure to the sender."""
        recognition, listener = self._recognition, self._listener
        if recognition is None or listener is None:
            return
        now = self._time.now()
        listener.clock.arrived(recognition.fed, now)
        recognition.feed(chunk)
        if self._dates_ends:
            listener.clock.ended(recognition.fed, now)
        await self._wait_for_room(recognition, listener)

    async def _wait_for_room(self, recognition: Recognition, listener: RecognitionListener) -> None:
        """Wait until more may be fed; not after the server's shutdown deadline, so that `finish` can still store what was recognised."""
        while (
            recognition.full
            or recognition.backlog > HIGH_WATER_S
            or len(listener.results) > PENDING_FINALS
            or (self._recording is not None and self._recording.full)
        ) and not (listener.done.is_set() or self._runtime.registry.drain_deadline.is_set()):
            listener.room.clear()
            try:
                async with asyncio.timeout(0.25):
                    await listener.room.wait()
            except TimeoutError:
                continue

    async def change_audio(self, encoding: str, sample_rate: int) -> None:
        """Decode what is fed from now on with another encoding or rate in Hz; waits as `feed` does. Raises AudioError."""
        recognition, listener = self._recognition, self._listener
        if recognition is not None and listener is not None:
            decoder = open_decoder(encoding, sample_rate)
            self._dates_ends = isinstance(listener.clock, DatedClock) and decoder.seconds_per_byte is not None  # known before it is decoded
            recognition.switch(self._recorded(decoder))
            await self._wait_for_room(recognition, listener)

    def skip(self, seconds: float) -> None:
        """Note that the next audio was recorded this long after the end of the audio fed before, such as after a pause of the client."""
        if self._recognition is not None and self._listener is not None:
            self._listener.clock.skipped(self._recognition.fed, seconds)

    async def finish(self) -> None:
        """Transcribe the rest of the audio; return when all of it is stored and sent.

        If that exceeds FINISH_S or the server's shutdown deadline, the interim text of the open turn is stored as final.
        """
        recognition, listener, storing = self._recognition, self._listener, self._storing
        self._recognition = self._listener = self._storing = None
        if recognition is None or listener is None or storing is None:
            return
        recognition.stop()
        try:
            await _first_of(listener.done, self._runtime.registry.drain_deadline, within_s=FINISH_S)
        finally:  # also when this call is cancelled: what was transcribed is stored
            if not listener.done.is_set():
                logger.error("session %s: the recogniser did not finish in time", self.session_id)
                recognition.abandon()
                await asyncio.sleep(0)  # results that were just scheduled in the event loop arrive first
                listener.flush_interim()
            listener.results.close()
            self._store_audio()
        await asyncio.shield(storing)
        speakers, self._speakers = self._speakers, None
        if speakers is not None:
            speakers.close()
            if not self._runtime.registry.drain_deadline.is_set():
                await speakers.finish()
            self.last_event = max(self.last_event, speakers.last_event)

    def _recorded(self, decoder: Decoder) -> Decoder:
        """Return the decoder; if the audio is stored, or its speakers are told apart, one that passes on what it decodes."""
        kept = decoder if self._speakers is None else self._speakers.kept(decoder)
        return kept if self._recording is None else RecordedDecoder(kept, self._recording)

    async def _speaker_models(self, start_options: StartOptions) -> SpeakerModels | None:
        """Return the speaker models if they are wanted and there are any."""
        self.speakers_warning = ""
        if not start_options.several_speakers:
            return None
        try:
            return await load()
        except SpeakersOff as error:
            self.speakers_warning = f"config.speakerDiarization is ignored: {error}"
            return None

    def _store_audio(self) -> None:
        """Close the recording, if there is one; it is put into the storage in the background."""
        recording, self._recording = self._recording, None
        if recording is not None:
            self._runtime.part(AudioStore).store_later(recording)

    async def leave(self, *, final: bool, discard_empty: bool = False) -> list[StoredEvent]:
        """Leave the conversation after `finish`; the last speaker who leaves with `final` completes it. Return the stored events.

        With `discard_empty`, the last speaker to leave deletes a conversation without messages.
        """
        if self.joined is None:
            return []
        self.joined = None
        self._runtime.registry.left(self.session_id)
        keep_s = self._start_options.keep_s
        work = partial(recorder.leave, self.session_id, final=final, keep_s=keep_s, discard_empty=discard_empty)
        try:
            events = await _join_or_leave(work)
        except BaseException:  # also when cancelled
            self._runtime.registry.leave_later(self.session_id, work)
            raise
        await self._runtime.broadcaster.publish(events)
        return events

    def _join(self, start_options: StartOptions, process: UUID, audio_id: UUID, *, several_speakers: bool) -> tuple[Joined, StartOptions]:
        """Join with the settings of the account as they are now; return the options with them. In a thread."""
        account = managed.settings_of(self.owner_id, all_trackers=start_options.all_trackers)
        start_options = _with_account(start_options, account)
        opening = self._opening(start_options, process, audio_id if start_options.store_audio else None, several_speakers)
        return recorder.open_conversation(opening, account), start_options

    def _opening(self, start_options: StartOptions, process: UUID, audio_id: UUID | None, several_speakers: bool) -> Opening:
        return Opening(
            owner_id=self.owner_id,
            connection_id=self.connection_id,
            name=start_options.title,
            timezone_offset=start_options.timezone_offset,
            language=start_options.language,
            speaker=start_options.speaker,
            session_id=self.session_id,
            process=process,
            keep_s=start_options.keep_s,
            metadata=start_options.metadata,
            webhook_url=start_options.webhook_url,
            detect_phrases=start_options.detect_phrases,
            trackers=start_options.brought_trackers,
            all_trackers=start_options.all_trackers,
            audio_id=audio_id,
            conversation_id=start_options.conversation_id,
            several_speakers=several_speakers,
        )

    async def _store_results(self, listener: RecognitionListener, joined: Joined, start_options: StartOptions) -> None:
        """Store and send the results, in order, until the queue of results is closed."""
        listening = Listening(
            member_id=joined.member.id if joined.member else None,
            session_id=self.session_id,
            confidence_threshold=start_options.confidence_threshold,
            trackers=start_options.trackers,
            vocabulary=start_options.vocabulary,
            mask=start_options.mask,
            language=start_options.language,
            entities=start_options.entities,
        )
        early = (
            InterimTrackers(start_options.trackers, start_options.language)
            if start_options.early_trackers and start_options.trackers
            else None
        )
        language_told = False
        while True:
            try:
                result = await listener.results.get()
            except QueueClosed:
                return
            if not result.is_final:
                # An interim result with successors is stale. With redaction none is sent: half a name or number is not recognisable.
                if not len(listener.results) and not start_options.mask:
                    trackers = await early.find(result.turn, result.text) if early else []
                    member = joined.member if self._speakers is None else self._speakers.interim_member(result)
                    await self._send_update(result, joined, member, trackers)
                continue
            if result.language is not None:
                listening = replace(listening, language=result.language.code, language_found=result.language.is_settled)
            for part in await self._store_turn(result, listener, joined, listening):
                if part.events:
                    self.last_event = part.events[-1].number
                    changed = start_options.mask or start_options.vocabulary
                    await self._send_update(listener.as_stored(part.result, part.events) if changed else part.result, joined, part.member)
                    await self._runtime.broadcaster.publish(part.events)
            if not language_told and listening.language_found:
                language_told = True
                self._on_language(listening.language)
            listener.room.set()

    async def _store_turn(
        self, result: RecognitionResult, listener: RecognitionListener, joined: Joined, listening: Listening
    ) -> list[StoredPart]:
        """Store a final result: as one utterance, or as one for each voice in it."""
        if self._speakers is None:
            return [StoredPart(result, await self._store(listener.utterance(result), joined, listening), joined.member)]

        async def store(part: RecognitionResult, voice: Voice, overlap: bool) -> list[StoredEvent]:
            return await self._store(listener.utterance(part, overlap=overlap), joined, replace(listening, voice=voice))

        return await self._speakers.store(result, store)

    async def _store(self, utterance: Utterance, joined: Joined, listening: Listening) -> list[StoredEvent]:
        """Store an utterance, with retries while the database is unreachable; return no events if it was not stored."""
        warning = asyncio.get_running_loop().call_later(STORE_WARNING_S, self._report_outage)
        try:
            for pause in (*STORE_TRIES_S, None):
                try:
                    events = await run_write(recorder.record, joined.conversation_id, utterance, listening)
                    self._outage_reported = False
                    return events
                except recorder.RecorderError as error:
                    self._on_error(error)
                    return []
                except DATABASE_UNREACHABLE as error:
                    logger.warning(
                        "session %s: the database is unreachable, an utterance waits (%s)", self.session_id, error_location(error)
                    )
                    if pause is not None:
                        await asyncio.sleep(pause)
                except Exception as error:
                    logger.error("session %s: an utterance could not be stored: %s", self.session_id, error_location(error))
                    break
        finally:
            warning.cancel()
        self._on_error(RuntimeError("an utterance could not be stored; transcription continues"))
        return []

    def _report_outage(self) -> None:
        if not self._outage_reported:
            self._outage_reported = True
            self._on_error(StorageDelayed())

    async def _send_update(
        self, result: RecognitionResult, joined: Joined, member: MemberSnapshot | None, trackers: Sequence[TrackerSnapshot] = ()
    ) -> None:
        """Send a recognition result of a member to all subscribers."""
        update = TranscriptUpdate(
            joined.conversation_id,
            self.session_id,
            result.text,
            tuple(result.words),
            result.confidence,
            result.is_final,
            member,
            tuple(trackers),
            result.language.code if result.language is not None else "",
            None if self._speakers is None else joined.member or MemberSnapshot(""),
            result.language.code if result.language is not None else self._start_options.language,
        )
        await self._runtime.broadcaster.publish_update(update)


async def _join_or_leave(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a join or a leave, with retries while the database is unreachable; both are idempotent. Raises the last error."""
    return await _with_retries(lambda: run_write(work, *args, **kwargs))


async def _with_retries(work: Callable[[], Awaitable[T]]) -> T:
    for pause in JOIN_TRIES_S:
        try:
            return await work()
        except DATABASE_UNREACHABLE as error:
            logger.warning("the database is unreachable, joining or leaving is tried again (%s)", error_location(error))
            await asyncio.sleep(pause)
    return await work()


def _with_account(start_options: StartOptions, own: LiveSettings) -> StartOptions:
    """Return the options with the account's vocabulary, custom entities and, if wanted, trackers, and its choice about audio."""
    return replace(
        start_options,
        vocabulary=own.vocabulary_with(start_options.vocabulary),
        trackers=own.trackers_with(start_options.trackers),
        brought_trackers=start_options.trackers,
        entities=(*start_options.entities, *own.entities),
        store_audio=own.store_audio if start_options.store_audio is None else start_options.store_audio,
    )


def _clock(start_options: StartOptions, started_at: datetime) -> Clock:
    """Return the clock of a recognition whose start was requested at `started_at`."""
    age_s = start_options.audio_age_s
    return Clock() if age_s is None else DatedClock(started_at - timedelta(seconds=age_s))


async def _first_of(*events: asyncio.Event, within_s: float) -> None:
    """Wait until one of the events is set, at most `within_s` seconds."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
