"""The speakers in the audio of one live session: their voices are computed in a thread, and stored messages are corrected.

A final result waits at most LABEL_S for its voices. What becomes known later, or what people decide about speakers meanwhile, corrects
the messages that are stored already, by events.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

from insights import queries, recorder
from insights.events import MessageCorrected, MessagesStored
from insights.recorder import Diarized, Joined, RecorderError, StoredEvent, Voice, VoiceSpan
from streaming import speaker_models
from streaming.aio.database_executors import run_in_database, run_maintenance, run_write
from streaming.aio.executors import DIARIZATION_THREADS
from streaming.aio.safe_log import error_location
from streaming.audio.clock import Clock
from streaming.audio.codecs import Decoder
from streaming.cluster.runtime import runtime
from streaming.conversations.profile_watch import ProfileWatcher, SessionProfiles
from streaming.conversations.voice_labels import KeptDecoder, Labelled, VoiceLabels
from streaming.speech.engines.base import RecognitionResult
from streaming.speech.speaker_parts import Part
from streaming.speech.speakers.types import SpeakerModels

logger = logging.getLogger(__name__)

LABEL_S = 0.3
"""Longest time in seconds that a final result waits for its voices. After it the last voice stands in, and is corrected later."""
STATE_TURNS = 5
"""Turns after which the state is stored."""
FINISH_S = 30.0
"""Seconds that the corrections at the end of a session may take."""

StorePart = Callable[[RecognitionResult, Voice, bool], Awaitable[list[StoredEvent]]]
"""Stores a part of a result, which is that of a voice, and is overlapped or not; returns the events."""


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
        self._messages: set[UUID] = set()
        self._voices: set[int] = set()
        self._turns = 0
        self.last_event = joined.cursor
        self._tasks: set[asyncio.Task[None]] = set()

    def kept(self, decoder: Decoder) -> Decoder:
        """Return a decoder whose samples are kept for the voices, too."""
        return KeptDecoder(decoder, self._labels.audio)

    async def store(self, result: RecognitionResult, store: StorePart) -> list[StoredEvent]:
        """Store a final result, one part for each voice, and return all events. Corrections of earlier messages follow by themselves."""
        labelling = asyncio.create_task(self._labelled(result))
        await asyncio.wait({labelling}, timeout=LABEL_S)
        labelled = labelling.result() if labelling.done() else None
        parts = labelled.parts if labelled is not None else self._labels.guess(result)
        events: list[StoredEvent] = []
        async with self._storing:
            await self._keep_state(parts)
            for part in parts:
                events += await store(part.of(result), Voice(self._id, part.voice), part.overlap)
        self._messages |= {UUID(one.id) for stored in events if isinstance(stored.event, MessagesStored) for one in stored.event.messages}
        self._in_background(self._follow_up(labelling if labelled is None else labelled, self._others_wrote(events)))
        return events

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

    async def _keep_state(self, parts: Sequence[Part]) -> None:
        """Store the state now and then, and before the first message of a voice: after a crash no other voice may get its number."""
        new = {part.voice for part in parts} - self._voices
        self._voices |= new
        self._turns += 1
        if not new and self._turns % STATE_TURNS:
            return
        try:
            async with self._computing:
                state = await DIARIZATION_THREADS.run(self._labels.state)
            await run_write(recorder.store_voices, self._id, state)
        except Exception as error:
            logger.warning("conversation %d: the state of the voices was not stored: %s", self._conversation_id, error_location(error))

    def _others_wrote(self, events: Sequence[StoredEvent]) -> bool:
        """Note own events; return whether there are others between them, such as those of a person who names speakers."""
        if not events:
            return False
        gap = events[0].number > self.last_event + 1
        self.last_event = max(self.last_event, events[-1].number)
        return gap

    async def _follow_up(self, labelled: "Labelled | asyncio.Task[Labelled]", others_wrote: bool) -> None:
        if isinstance(labelled, asyncio.Task):
            late = await labelled
            times = self._labels.times(late.parts)
            async with self._storing:
                events = await run_write(recorder.split_by_voices, self._id, times)
            await self._sent(events)
            await self._correct((*times, *late.revised))
        elif labelled.revised:
            await self._correct(labelled.revised)
        await self._name_by_profiles()
        if others_wrote:
            await self._learn()

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
        choices = await run_in_database(queries.voice_choices, self._conversation_id, self._id)
        async with self._computing:
            revised, named = await DIARIZATION_THREADS.run(self._labels.learn, choices, frozenset(self._messages))
        for voice, member_id in named.items():
            await run_write(recorder.name_voice, self._id, voice, member_id)
        await self._correct(revised)

    async def _correct(self, spans: Sequence[VoiceSpan], *, whole: bool = False) -> None:
        if not spans:
            return
        async with self._storing:
            events = await run_maintenance(recorder.correct_voices, self._id, spans, whole=whole)
        await self._sent(events)

    async def _sent(self, events: Sequence[StoredEvent]) -> None:
        """Send the events of corrections to all subscribers."""
        self._others_wrote(events)
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
