"""The speakers in the audio of one live session: their voices are computed in a thread, and stored messages are corrected.

A final result waits at most LABEL_S for its voices. What becomes known later, or what people decide about speakers meanwhile, corrects
the messages that are stored already, by events. What people decide is learned from their events, in whatever process they edit.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from insights import queries, recorder
from insights.events import MemberChanged, MessageCorrected, MessagesMoved, MessagesStored
from insights.recorder import Diarized, Joined, RecorderError, StoredEvent, Voice, VoiceSpan
from insights.safe_log import error_location
from insights.snapshots import MemberSnapshot, MessageSnapshot
from streaming import speaker_models
from streaming.aio.database_executors import run_in_database, run_maintenance, run_write
from streaming.aio.executors import DIARIZATION_THREADS
from streaming.audio.clock import Clock
from streaming.audio.codecs import Decoder
from streaming.cluster.runtime import runtime
from streaming.conversations.profile_watch import ProfileWatcher, SessionProfiles
from streaming.conversations.voice_labels import KeptDecoder, Labelled, VoiceLabels
from streaming.speech.engines.base import RecognitionResult
from streaming.speech.speaker_parts import SpeakerPart
from streaming.speech.speakers.types import SpeakerModels

logger = logging.getLogger(__name__)

LABEL_S = 0.3
"""Longest time in seconds that a final result waits for its voices. After it the last voice stands in, and is corrected later."""
STATE_TURNS = 5
"""Turns after which the state is stored."""
FINISH_S = 30.0
"""Seconds that the corrections at the end of a session may take."""

INTERIM_S = 1.0
"""Seconds of an open turn from which on its voice is looked for."""

StorePart = Callable[[RecognitionResult, Voice, bool], Awaitable[list[StoredEvent]]]
"""Stores a part of a result, which is that of a voice, and is overlapped or not; returns the events."""


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A final result of one speaker, its events, and the member who speaks, None if it is not known."""

    result: RecognitionResult
    events: list[StoredEvent]
    member: MemberSnapshot | None


async def load() -> SpeakerModels:
    """Return the speaker models. Raises SpeakersOff."""
    return await asyncio.wrap_future(speaker_models.begin_loading())


async def open_speakers(
    joined: Joined, owner_id: int, clock: Clock, models: SpeakerModels, expected: int | None
) -> "SourceSpeakers | None":
    """Return the speakers of a session that joined a conversation of an account; None if it asked for none."""
    diarized = joined.diarized
    if diarized is None:
        return None
    profiles = await runtime().part(ProfileWatcher).open(owner_id, models)
    return SourceSpeakers(joined, diarized, VoiceLabels(diarized, models, expected, clock.at), profiles)


class SourceSpeakers:
    """The speakers of one session. Everything here runs in the event loop; `labels` are used in one thread at a time."""

    def __init__(self, joined: Joined, diarized: Diarized, labels: VoiceLabels, profiles: SessionProfiles) -> None:
        self._id = diarized.id
        self._conversation_id = joined.conversation_id
        self._labels = labels
        self._profiles = profiles
        self._tried: set[tuple[int, str]] = set()  # voices, and profiles that were to name them
        self._computing = asyncio.Lock()
        self._storing = asyncio.Lock()  # messages are stored before they are corrected
        self._storing_state = asyncio.Lock()  # an older state must not replace a newer one
        self._messages: set[UUID] = set()
        self._voices: set[int] = set()
        self._turns = 0
        self.last_event = joined.cursor
        self._people: dict[int, MemberSnapshot] = {}  # the members of the voices
        self._open: tuple[int, int | None] | None = None  # an open turn, and its voice if that is known
        self._tasks: set[asyncio.Task[None]] = set()
        self._learning = asyncio.Lock()
        self._must_learn = False  # people decided something that is not being learned yet
        self._continued = bool(diarized.state)
        self._following: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Start to follow the edits of people; `close` ends it."""
        self._following = asyncio.create_task(self._logged(self._follow_edits(self.last_event)))
        if self._continued:  # they may have edited since the state was stored
            self._learn_soon()

    def close(self) -> None:
        """Stop following edits."""
        if self._following is not None:
            self._following.cancel()

    def kept(self, decoder: Decoder) -> Decoder:
        """Return a decoder whose samples are kept for the voices, too."""
        return KeptDecoder(decoder, self._labels.audio)

    async def store(self, result: RecognitionResult, store: StorePart) -> list[StoredPart]:
        """Store a final result, one part for each voice, and return the parts. Corrections of earlier messages follow by themselves."""
        labelling = asyncio.create_task(self._labelled(result))
        await asyncio.wait({labelling}, timeout=LABEL_S)
        labelled = labelling.result() if labelling.done() else None
        parts = labelled.parts if labelled is not None else self._labels.guess(result)
        stored: list[StoredPart] = []
        async with self._storing:
            await self._note_voices(parts)
            for part in parts:
                events = await store(part.of(result), Voice(self._id, part.voice), part.overlap)
                messages = self._note(events)
                if messages and messages[-1].member is not None:
                    self._people[part.voice] = messages[-1].member
                stored.append(StoredPart(part.of(result), events, self._people.get(part.voice)))
        self._in_background(self._follow_up(labelling if labelled is None else labelled))
        return stored

    def _note(self, events: Sequence[StoredEvent]) -> list[MessageSnapshot]:
        """Note the number of the last own event, and own messages; return the new messages."""
        messages: list[MessageSnapshot] = []
        for event in events:
            self.last_event = max(self.last_event, event.number)
            if isinstance(event.event, MessagesStored):
                messages += event.event.messages
        self._messages |= {UUID(one.id) for one in messages}
        return messages

    @property
    def _own(self) -> frozenset[UUID] | None:
        """The messages that times of this audio are about; None: all of the audio source."""
        return frozenset(self._messages) if self._labels.apart else None

    def interim_member(self, result: RecognitionResult) -> MemberSnapshot | None:
        """Return the member who speaks in an open turn, None until that is known. The first calls for a turn start to find it out."""
        if self._open is None or self._open[0] != result.turn:
            if result.end - result.start < INTERIM_S or self._computing.locked():
                return None
            self._open = (result.turn, None)
            self._in_background(self._recognise(result))
        voice = self._open[1]
        return None if voice is None else self._people.get(voice)

    async def _recognise(self, result: RecognitionResult) -> None:
        async with self._computing:
            voice = await DIARIZATION_THREADS.run(self._labels.recognise, result)
        if self._open is not None and self._open[0] == result.turn:
            self._open = (result.turn, voice)

    async def finish(self) -> None:
        """Look at all voices again, correct what is stored, and return when that is done."""
        try:
            async with asyncio.timeout(FINISH_S):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
                await self._learn()
                async with self._computing:
                    spans = await DIARIZATION_THREADS.run(self._labels.all)
                    state = await DIARIZATION_THREADS.run(self._labels.state)
                await self._correct(spans, whole=True)
                await self._name_by_profiles()
                await run_write(recorder.forget_silent_voices, self._id)
                await run_write(recorder.store_voices, self._id, state)
        except Exception as error:  # also a timeout: what is stored stays as it is
            logger.warning("conversation %d: the speakers were not corrected at the end: %s", self._conversation_id, error_location(error))

    async def _labelled(self, result: RecognitionResult) -> Labelled:
        try:
            async with self._computing:
                return await DIARIZATION_THREADS.run(self._labels.parts, result)
        except Exception as error:
            logger.error("conversation %d: the voices of a turn failed: %s", self._conversation_id, error_location(error))
            return Labelled(self._labels.guess(result), ())

    async def _note_voices(self, parts: Sequence[SpeakerPart]) -> None:
        """Store the state before the first message of a voice, so that after a crash no other voice gets its number, and now and then."""
        new = {part.voice for part in parts} - self._voices
        self._voices |= new
        self._turns += 1
        if new:
            await self._store_state()
        elif self._turns % STATE_TURNS == 0:  # beside the message, which must not wait for the voices of a later turn
            self._in_background(self._store_state())

    async def _store_state(self) -> None:
        try:
            async with self._storing_state:
                async with self._computing:
                    state = await DIARIZATION_THREADS.run(self._labels.state)
                await run_write(recorder.store_voices, self._id, state)
        except Exception as error:
            logger.warning("conversation %d: the state of the voices was not stored: %s", self._conversation_id, error_location(error))

    async def _follow_edits(self, after: int) -> None:
        """Learn from each event of a person's edit of speakers. Notifications that were lost are found by the subscription."""
        edits = await runtime().broadcaster.subscribe(self._conversation_id, after)
        try:
            async for delivery in edits:
                event = delivery.event if isinstance(delivery, StoredEvent) else None
                if isinstance(event, MemberChanged):
                    self._people |= {voice: event.member for voice, member in self._people.items() if member.id == event.member.id}
                elif isinstance(event, MessageCorrected | MessagesMoved) and event.changed_by:
                    self._learn_soon()
        finally:
            await edits.close()

    def _learn_soon(self) -> None:
        if not self._must_learn:
            self._must_learn = True
            self._in_background(self._learn())

    async def _follow_up(self, labelled: "Labelled | asyncio.Task[Labelled]") -> None:
        if isinstance(labelled, asyncio.Task):
            late = await labelled
            times = self._labels.times(late.parts)
            async with self._storing:
                events = await run_write(recorder.split_by_voices, self._id, times, self._own)
            await self._sent(events)
            await self._correct((*times, *late.revised))
        elif labelled.revised:
            await self._correct(labelled.revised)
        await self._name_by_profiles()

    async def _name_by_profiles(self) -> None:
        """Name voices that nobody named by the voice profiles that the conversation may use."""
        profiles = self._profiles.voices
        if not len(profiles):
            return
        async with self._computing:
            found = await DIARIZATION_THREADS.run(self._labels.identified, profiles)
        for voice, key in found.items():
            if voice in self._voices and (voice, key) not in self._tried:
                self._tried.add((voice, key))
                async with self._storing:
                    events = await run_write(recorder.name_by_profile, self._id, voice, UUID(key))
                await self._sent(events)

    async def _learn(self) -> None:
        """Take over what people decided about speakers, for the rest of the conversation and for earlier messages."""
        async with self._learning:
            self._must_learn = False  # what is edited from now on is learned after this time
            choices = await run_in_database(queries.voice_choices, self._conversation_id, self._id)
            async with self._computing:
                revised, named = await DIARIZATION_THREADS.run(self._labels.learn, choices, frozenset(self._messages))
            self._people |= choices.people
            for voice, member_id in named.items():
                await self._sent(await run_write(recorder.name_voice, self._id, voice, member_id))
            await self._correct(revised)

    async def _correct(self, spans: Sequence[VoiceSpan], *, whole: bool = False) -> None:
        if not spans:
            return
        async with self._storing:
            run = run_maintenance if whole else run_write  # a correction soon after its message does not wait behind long work
            events = await run(recorder.correct_voices, self._id, spans, whole=whole, merged=self._labels.merged(), own=self._own)
        await self._sent(events)

    async def _sent(self, events: Sequence[StoredEvent]) -> None:
        """Send the events of corrections to all subscribers."""
        self._note(events)
        self._messages |= {UUID(one.event.message.id) for one in events if isinstance(one.event, MessageCorrected)}
        await runtime().broadcaster.publish(events)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _logged(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except RecorderError:
            logger.debug("conversation %d is gone", self._conversation_id)
        except Exception as error:
            logger.error("conversation %d: correcting speakers failed: %s", self._conversation_id, error_location(error))
