"""Tells apart the voices in one audio source: the words of each final result become parts of one voice each.

The samples of the recognition are kept for a while (`KeptDecoder`), so that the voices of a result can be computed from them. No I/O: a
live session (`source_speakers.py`) and an import call it in a thread.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from insights.queries import ChosenMessage, VoiceChoices
from insights.recorder import Diarized, VoiceSpan
from streaming.audio.codecs import Decoder
from streaming.audio.pcm import RATE, Samples
from streaming.audio.resample import EMPTY
from streaming.speech.engines.base import RecognitionResult
from streaming.speech.speaker_parts import SpeakerPart, VoiceTime, parts_of
from streaming.speech.speakers.online_diarization import LiveDiarizer
from streaming.speech.speakers.profiles import IDENTIFIED_S, EnrolledVoices
from streaming.speech.speakers.types import SpeakerModels, SpeakerSpan, TurnSpeakers

KEPT_S = 150.0
"""Seconds of audio that are kept: more than may wait to be recognised."""
RECOGNISED_S = 2.0
"""Seconds of an open turn that are compared with the known voices."""
LEAST_NEW_S = 0.1
"""Seconds of a turn whose voices are not known yet, and at least half of it; with less, those that are known count."""
AGAIN_S = 1.0
"""Seconds of stored speech that a client may send again after a lost connection. What begins earlier is other audio of the same time."""
MARGIN_S = 0.1
"""Seconds before the first and after the last word of a turn that belong to it."""


class RecentAudio:
    """The last samples of an audio source, at 16 kHz. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: deque[Samples] = deque()
        self._first = self._end = 0  # positions of the first sample that is kept and of the one that comes next

    def add(self, samples: Samples) -> None:
        """Append samples."""
        if not len(samples):
            return
        with self._lock:
            self._blocks.append(samples)
            self._end += len(samples)
            while self._end - self._first - len(self._blocks[0]) > KEPT_S * RATE:
                self._first += len(self._blocks.popleft())

    def cut(self, start_s: float, end_s: float) -> Samples:
        """Return the samples of a stretch, as far as they are there."""
        start, end = (max(0, round(at * RATE)) for at in (start_s, end_s))
        found = list[Samples]()
        with self._lock:
            position = self._first
            for block in self._blocks:
                if position < end and position + len(block) > start:
                    found.append(block[max(0, start - position) : end - position])
                position += len(block)
        return np.concatenate(found) if found else EMPTY


class KeptDecoder(Decoder):
    """A decoder whose samples are kept, too."""

    def __init__(self, decoder: Decoder, audio: RecentAudio) -> None:
        self._decoder, self._audio = decoder, audio
        self.in_place, self.seconds_per_byte = decoder.in_place, decoder.seconds_per_byte

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        for block in self._decoder.blocks(chunk):
            self._audio.add(block)
            yield block

    def flush(self) -> Samples:
        rest = self._decoder.flush()
        self._audio.add(rest)
        return rest


class Labelled(NamedTuple):
    """The parts of a turn, and what is different about earlier turns by now."""

    parts: list[SpeakerPart]
    revised: tuple[VoiceSpan, ...]


class VoiceLabels:
    """The voices of one audio source: a diarizer, its audio, and what people decided. No I/O; one thread at a time.

    Args:
        diarized: the audio source, with the state from which it continues.
        models: the speaker models of the process.
        expected: the number of speakers, if it is known.
        at: maps a position in the audio, in seconds, to the wall clock.
    """

    def __init__(self, diarized: Diarized, models: SpeakerModels, expected: int | None, at: Callable[[float], datetime]) -> None:
        self.id = diarized.id
        self.audio = RecentAudio()
        self._diarizer = LiveDiarizer(models, expected=expected)
        self._at, self._started_at = at, diarized.started_at
        self._stored_until = diarized.stored_until
        self.apart = False
        """Whether the times of this audio are those of stored audio, too: a client that sends faster than real time connected again."""
        self._until = 0.0  # where the last turn ended, in seconds from the start of the conversation
        self._last = 0  # the voice that spoke last
        self._chosen: dict[UUID, ChosenMessage] = {}  # what a person chose for a message
        self._renamed: dict[int, tuple[UUID, UUID]] = {}  # voices that got another member by that: the member, and the former one
        if diarized.state:
            with suppress(ValueError):  # of another version: the voices get new numbers
                self._diarizer.restore(diarized.state)
                self._until = max((span.end_s for span in self._diarizer.spans()), default=0.0)

    def parts(self, result: RecognitionResult) -> Labelled:
        """Return the parts of a final result. Takes CPU time."""
        if not result.words:
            return Labelled(self.guess(result), ())
        shift = self._seconds(result.start) - result.start
        if not self.apart and result.start + shift < self._stored_until - AGAIN_S:
            self.apart, self._until = True, 0.0
            self._diarizer.settle()
        start = max(self._until - shift, result.start - MARGIN_S)
        end = max(start, result.end + MARGIN_S)
        samples = self.audio.cut(start, end)
        if end - start < max(
            LEAST_NEW_S, (result.end - result.start) / 2
        ):  # the state was stored before the words were: after a crash they come again
            spans = self._diarizer.spans()
            found = TurnSpeakers(tuple(one for one in spans if one.end_s > result.start + shift and one.start_s < result.end + shift))
        else:
            self._until = end + shift
            found = self._diarizer.turn(samples, start + shift)
        times = [VoiceTime(one.start_s - shift, one.end_s - shift, one.speaker, one.overlap) for one in found.spans]
        parts = parts_of(result.words, times, otherwise=self._last)
        self._last = parts[-1].voice
        return Labelled(parts, _spans(found.revised))

    def guess(self, result: RecognitionResult) -> list[SpeakerPart]:
        """Return a result as one part of the voice that spoke last."""
        return [SpeakerPart(self._last, tuple(result.words))]

    def times(self, parts: Iterable[SpeakerPart]) -> tuple[VoiceSpan, ...]:
        """Return when parts are spoken."""
        at = self._seconds
        return tuple(VoiceSpan(at(one.words[0].start), at(one.words[-1].end), one.voice, one.overlap) for one in parts if one.words)

    def recognise(self, result: RecognitionResult) -> int | None:
        """Return the known voice that speaks at the start of an open turn, None if it is none of them. Takes CPU time."""
        return self._diarizer.recognise(self.audio.cut(result.start, min(result.end, result.start + RECOGNISED_S)))

    def merged(self) -> dict[int, int]:
        """Return the voices that people merged with others, and the voice that is given in the place of each."""
        return self._diarizer.merged()

    def all(self) -> tuple[VoiceSpan, ...]:
        """Return all spans after a second pass. Takes CPU time."""
        return _spans(self._diarizer.finish())

    def identified(self, profiles: EnrolledVoices) -> dict[int, str]:
        """Return the key of the enrolled voice of each voice that has one and has spoken long enough."""
        return {voice: match.key for voice, match in self._diarizer.identify(profiles, IDENTIFIED_S).items()}

    def state(self) -> bytes:
        """Return the state with which the voices keep their numbers."""
        return self._diarizer.state()

    def learn(self, choices: VoiceChoices, own: Collection[UUID]) -> tuple[tuple[VoiceSpan, ...], dict[int, UUID]]:
        """Take over what people decided about these messages; return the spans that changed, and the members of voices that changed.

        Two voices of one member are one, until they have two members again. A message that a person gave to a member is spoken by the
        voice of that member: if nothing else is left of the voice that was heard, by that voice, else by a new one.
        """
        voices: dict[UUID, int] = {}
        named: dict[int, UUID] = {}
        merged = {voice: keep for voice, member in sorted(choices.members.items()) if (keep := voices.setdefault(member, voice)) != voice}
        before = self._diarizer.merged()
        for voice, keep in merged.items():
            if before.get(voice) != keep:
                self._diarizer.merge(keep, voice)  # messages keep their voices: both have the same member
        known = self._diarizer.spans()
        for voice in before.keys() - merged.keys():
            self._diarizer.unmerge(voice)
        chosen = {one.id: one for one in choices.chosen if one.id in own}
        for identity, was in list(self._chosen.items()):
            if identity not in chosen:
                del self._chosen[identity]
                self._diarizer.unpin((was.start, was.end), was.voice)
        for voice, (member, former) in list(self._renamed.items()):
            if choices.members.get(voice) == member and all(one.member_id != member for one in chosen.values()):
                del self._renamed[voice]
                named[voice] = former
        for one in chosen.values():
            last = self._chosen.get(one.id)
            if last is not None and last.member_id == one.member_id:
                continue
            self._chosen[one.id] = one
            if one.member_id not in voices:
                free = not choices.others.get(one.voice) and one.voice not in named
                voices[one.member_id] = one.voice if free else self._new_voice([*choices.members, *named])
                named[voices[one.member_id]] = one.member_id
                if free and (was_called := choices.members.get(one.voice)) is not None:
                    self._renamed[one.voice] = (one.member_id, was_called)
            self._diarizer.pin((one.start, one.end), voices[one.member_id])
        return _spans(self._diarizer.relabel(known)), named

    def _seconds(self, place: float) -> float:
        """Return the seconds from the start of the conversation to a position in the audio."""
        return (self._at(place) - self._started_at).total_seconds()

    def _new_voice(self, taken: Iterable[int]) -> int:
        return 1 + max([*taken, *(span.speaker for span in self._diarizer.spans())], default=-1)


def _spans(found: Iterable[SpeakerSpan]) -> tuple[VoiceSpan, ...]:
    return tuple(VoiceSpan(one.start_s, one.end_s, one.speaker, one.overlap) for one in found)
