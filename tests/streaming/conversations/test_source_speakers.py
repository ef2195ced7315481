"""Several speakers in the audio of one session: real voices, the real speaker models, and words from a script."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.events import MessageCorrected, MessagesStored
from insights.models import Diarization, Member, Message
from insights.recorder import SpeakerIdentity
from streaming import recogniser, speaker_models
from streaming.aio.database_executors import close_database_threads, run_in_database
from streaming.aio.executors import close_threads
from streaming.cluster.runtime import runtime
from streaming.cluster.transcript_update import StoredEvent, TranscriptUpdate
from streaming.conversations import source_speakers
from streaming.conversations.live_speech import LiveSpeech, StartOptions
from streaming.speech.engines.base import EngineOptions
from streaming.speech.engines.scripted import ScriptedRecogniser
from tests.speech.talk import PCM_RATE, talk

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_S = 60.0
ORDER = ("a1", "b1", "a2", "b2")
TEXTS = ("It is late.", "I will send the report.", "Thank you.", "See you tomorrow.")
AUDIO, TIMES = talk(*ORDER)
ADA = SpeakerIdentity("ada@example.org", "Ada")


@pytest.fixture(scope="module", autouse=True)
def _models() -> Iterator[None]:
    """Load the models once."""
    speaker_models.begin_loading().result()
    yield
    speaker_models.forget()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait for the voices of each turn, however busy the machine is."""
    monkeypatch.setattr(source_speakers, "LABEL_S", WAIT_S)
    yield
    close_threads()
    close_database_threads()


def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]]) -> None:
    """Make the recogniser of this process return these results."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps(entries))
    engine = ScriptedRecogniser(EngineOptions(1, tmp_path, str(path)))
    engine.load()
    loading: Future[Any] = Future()
    loading.set_result(engine)
    monkeypatch.setattr(recogniser, "begin_loading", lambda: loading)


@pytest.fixture
def a_turn_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each clip is one turn."""
    turns = zip(TEXTS, TIMES, strict=True)
    script(tmp_path, monkeypatch, [{"text": text, "start": start, "end": end, "after": end + 0.5} for text, (start, end) in turns])


async def begin(user: User, *, errors: list[Exception] | None = None, **options: Any) -> LiveSpeech:
    """Return a session that has started."""
    speech = LiveSpeech(runtime(), uuid4(), user.pk, "room", (errors if errors is not None else []).append)
    await speech.begin(StartOptions(speaker=ADA, several_speakers=True, expected_speakers=2, keep_s=60, **options))
    return speech


async def feed(speech: LiveSpeech, clips: int = len(ORDER), first: int = 0) -> None:
    """Feed the audio of these clips."""
    begins = 0 if not first else int((TIMES[first][0] - 0.35) * PCM_RATE) * 2
    ends = int((TIMES[clips - 1][1] + 0.6) * PCM_RATE) * 2
    for at in range(begins, ends, 6400):
        await speech.feed(AUDIO[at : min(at + 6400, ends)])


async def feed_until(speech: LiveSpeech, until_s: float) -> None:
    """Feed the audio up to a time, from where it was fed before."""
    begins = _fed.get(speech.session_id, 0)
    _fed[speech.session_id] = ends = max(begins, int(until_s * PCM_RATE) * 2)
    for at in range(begins, ends, 6400):
        await speech.feed(AUDIO[at : min(at + 6400, ends)])


_fed: dict[UUID, int] = {}


async def said() -> list[tuple[str, str]]:
    """Return the names of speakers and the texts of all messages."""

    def read() -> list[tuple[str, str]]:
        rows = Message.objects.select_related("speaker__member").order_by("number")
        return [(str(row.member), row.text) for row in rows]

    return await run_in_database(read)


async def until(wanted: int) -> None:
    """Wait until so many messages are stored."""
    async with asyncio.timeout(WAIT_S):
        while len(await said()) < wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
async def end() -> AsyncIterator[list[LiveSpeech]]:
    """A list of sessions that leave at the end of the test."""
    sessions: list[LiveSpeech] = []
    yield sessions
    for speech in sessions:
        await speech.finish()
        await speech.leave(final=True)


@pytest.mark.usefixtures("a_turn_each")
async def test_two_people_at_one_microphone(user: User) -> None:
    """Each turn has the speaker whose voice it is; at the end nothing about the voices is kept."""
    speech = await begin(user)
    await feed(speech)
    await speech.finish()
    await speech.leave(final=True)
    assert await said() == list(zip(("Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"), TEXTS, strict=True))
    assert bytes((await run_in_database(Diarization.objects.get)).state) == b""


@pytest.mark.parametrize("wait_s", [WAIT_S, 0.0])
async def test_a_turn_of_two_people_is_split(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_s: float) -> None:
    """What two people say without a pause becomes a message of each, also if the voices come after the words."""
    monkeypatch.setattr(source_speakers, "LABEL_S", wait_s)
    text = "one two three four five six seven eight nine ten"
    script(tmp_path, monkeypatch, [{"text": text, "start": TIMES[0][0], "end": TIMES[1][1], "after": TIMES[1][1] + 0.5}])
    speech = await begin(user)
    await feed(speech, 2)
    await speech.finish()
    await speech.leave(final=True)
    (first, second) = await said()
    assert (first[0], second[0]) == ("Speaker 1", "Speaker 2")
    assert f"{first[1]} {second[1]}" == text
    assert abs(len(first[1].split()) - 5) <= 1


@pytest.mark.usefixtures("a_turn_each")
async def test_late_voices_correct_the_message(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that does not wait for its voice is stored at once, and corrected by an event."""
    monkeypatch.setattr(source_speakers, "LABEL_S", 0.0)
    speech = await begin(user)
    await feed(speech)
    await speech.finish()
    await speech.leave(final=True)
    assert [name for name, _ in await said()] == ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"]


@pytest.mark.usefixtures("a_turn_each")
async def test_messages_do_not_wait_for_late_voices(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not where the state of the voices is stored, which needs the voices of the turns before."""
    monkeypatch.setattr(source_speakers, "STATE_TURNS", 2)
    speech = await begin(user)
    await feed(speech, 1)
    await until(1)
    monkeypatch.setattr(source_speakers, "LABEL_S", 0.0)
    speakers = speech._speakers
    assert speakers is not None
    async with speakers._computing:  # as if the voices of a turn took for ever
        await feed(speech, 4, 1)
        await until(4)
    await speech.finish()
    await speech.leave(final=True)
    assert [text for _, text in await said()] == list(TEXTS)


@pytest.mark.usefixtures("a_turn_each")
async def test_a_crash_keeps_the_speakers(user: User, end: list[LiveSpeech]) -> None:
    """A session that continues after a crash has the same voices, with the names that people gave them."""
    began = time.monotonic()
    crashed = await begin(user)
    end.append(crashed)
    await feed(crashed, 2)
    await until(2)
    conversation_id = crashed.joined.conversation_id if crashed.joined else 0
    paul = await run_in_database(Member.objects.get, name="Speaker 2")
    await run_in_database(recorder.edit_member, conversation_id, paul.id, user.pk, name="Paul")
    await asyncio.sleep(began + TIMES[1][1] + 0.5 - time.monotonic())  # what is said later has a later time
    again = await begin(user)
    end.append(again)
    await feed(again)
    await again.finish()
    assert [name for name, _ in await said()] == ["Speaker 1", "Paul", "Speaker 1", "Paul", "Speaker 1", "Paul"]


@pytest.mark.usefixtures("a_turn_each")
async def test_a_merge_by_a_person_holds(user: User, end: list[LiveSpeech]) -> None:
    """Two speakers whom a person merged are one from then on."""
    speech = await begin(user)
    end.append(speech)
    await feed(speech, 2)
    await until(2)
    conversation_id = speech.joined.conversation_id if speech.joined else 0
    one, two = [await run_in_database(Member.objects.get, name=f"Speaker {number}") for number in (1, 2)]
    await run_in_database(recorder.merge_members, conversation_id, two.id, one.id, user.pk)
    await feed(speech, 4, 2)
    await speech.finish()
    assert [name for name, _ in await said()] == ["Speaker 1"] * 4


async def eventually(wanted: Callable[[], bool]) -> None:
    """Wait until a condition holds, with nothing said meanwhile."""
    async with asyncio.timeout(WAIT_S):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("a_turn_each")
async def test_a_merge_and_its_undo_are_learned_at_once(user: User, end: list[LiveSpeech]) -> None:
    """The diarizer knows both before anybody speaks again, and the two voices are two people again, also after the second pass."""
    speech = await begin(user)
    end.append(speech)
    await feed(speech, 2)
    await until(2)
    conversation_id = speech.joined.conversation_id if speech.joined else 0
    one, two = [await run_in_database(Member.objects.get, name=f"Speaker {number}") for number in (1, 2)]
    speakers = speech._speakers
    assert speakers is not None
    edited = await run_in_database(recorder.merge_members, conversation_id, two.id, one.id, user.pk)
    await eventually(lambda: speakers._labels.merged() == {1: 0})
    await feed(speech, 3, 2)
    await until(3)
    await run_in_database(recorder.undo, edited.change_id, user.pk)
    await eventually(lambda: not speakers._labels.merged())
    await feed(speech, 4, 3)
    await speech.finish()
    assert [name for name, _ in await said()] == ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"]


@pytest.mark.usefixtures("a_turn_each")
async def test_a_merge_can_be_undone_after_the_end(user: User) -> None:
    """The second pass leaves merged voices their messages, so that an undo gives them back."""
    speech = await begin(user)
    await feed(speech, 2)
    await until(2)
    conversation_id = speech.joined.conversation_id if speech.joined else 0
    one, two = [await run_in_database(Member.objects.get, name=f"Speaker {number}") for number in (1, 2)]
    edited = await run_in_database(recorder.merge_members, conversation_id, two.id, one.id, user.pk)
    await speech.finish()
    await speech.leave(final=True)
    assert [name for name, _ in await said()] == ["Speaker 1", "Speaker 1"]
    await run_in_database(recorder.undo, edited.change_id, user.pk)
    assert [name for name, _ in await said()] == ["Speaker 1", "Speaker 2"]


@pytest.mark.usefixtures("a_turn_each")
async def test_an_undone_assignment_frees_the_voice(user: User, end: list[LiveSpeech]) -> None:
    """After the undo of a message's speaker, the message and later turns of its voice are whose they were."""
    speech = await begin(user)
    end.append(speech)
    await feed(speech, 2)
    await until(2)
    speakers = speech._speakers
    assert speakers is not None
    message = await run_in_database(Message.objects.get, number=1)
    edited = await run_in_database(recorder.assign_speaker, message.id, user.pk, recorder.NamedSpeaker(name="Eve"), recorder.Scope.MESSAGE)
    await eventually(lambda: bool(speakers._labels._chosen))
    await run_in_database(recorder.undo, edited.change_id, user.pk)
    await eventually(lambda: not speakers._labels._chosen)
    await feed(speech, 4, 2)
    await speech.finish()
    assert [name for name, _ in await said()] == ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"]


async def test_recognition_results_name_the_speaker(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Final results name who speaks; interim ones too, once the voice is recognised. Each says whose microphone it is."""
    entries: list[dict[str, Any]] = []
    for text, (start, ends) in zip(TEXTS, TIMES, strict=True):
        entries += [{"text": text, "start": start, "end": start + at, "after": start + at, "final": False} for at in (0.5, 1.5, 2.5)]
        entries.append({"text": text, "start": start, "end": ends, "after": ends + 0.5})
    script(tmp_path, monkeypatch, entries)
    speech = await begin(user)
    assert speech.joined is not None
    subscription = await runtime().broadcaster.subscribe(speech.joined.conversation_id, 0)
    updates: list[TranscriptUpdate] = []

    async def collect() -> None:
        async for one in subscription:
            if isinstance(one, TranscriptUpdate):
                updates.append(one)

    collecting = asyncio.create_task(collect())
    speakers = speech._speakers
    assert speakers is not None
    for clip, (start, ends) in enumerate(TIMES):
        for until_s in (start + 0.9, start + 1.9, ends - 0.1, ends + 0.6):
            seen = len(updates)
            await feed_until(speech, until_s)
            await eventually(lambda seen=seen: len(updates) > seen)  # type: ignore[misc]
            if speakers._tasks:
                await asyncio.wait(set(speakers._tasks), timeout=WAIT_S)
        await until(clip + 1)
    await speech.finish()
    await speech.leave(final=True)
    await asyncio.sleep(0.1)
    await subscription.close()
    await collecting
    assert {one.audio_owner.name for one in updates if one.audio_owner} == {"Ada"}
    finals = [one.member.name if one.member else "" for one in updates if one.is_final]
    assert finals == ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"]
    interims = [one.member.name if one.member else "" for one in updates if not one.is_final and one.text == TEXTS[3]]
    assert interims[0] == ""
    assert interims[-1] == "Speaker 2"


@pytest.mark.usefixtures("a_turn_each")
async def test_a_late_speaker_is_corrected_soon(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The correction of a message whose voice was known too late follows within 1 s; this test allows four times as long."""
    speech = await begin(user)
    await feed(speech, 1)
    await until(1)
    monkeypatch.setattr(source_speakers, "LABEL_S", 0.0)
    assert speech.joined is not None
    subscription = await runtime().broadcaster.subscribe(speech.joined.conversation_id, speech.joined.cursor)
    await feed(speech, 2, 1)
    stored = corrected = 0.0
    async with asyncio.timeout(WAIT_S):
        async for one in subscription:
            event = one.event if isinstance(one, StoredEvent) else None
            if isinstance(event, MessagesStored) and event.messages[0].text == TEXTS[1]:
                stored = time.monotonic()
            if isinstance(event, MessageCorrected) and event.message.text == TEXTS[1]:
                corrected = time.monotonic()
                break
    await subscription.close()
    await speech.finish()
    await speech.leave(final=True)
    assert corrected - stored < 4.0


@pytest.mark.usefixtures("a_turn_each")
async def test_a_message_given_to_somebody_else_stays_theirs(user: User, end: list[LiveSpeech]) -> None:
    """Neither later turns nor the second pass take it back, and the rest of the voice stays who it was."""
    speech = await begin(user)
    end.append(speech)
    await feed(speech, 3)
    await until(3)
    message = await run_in_database(Message.objects.get, number=1)
    await run_in_database(recorder.assign_speaker, message.id, user.pk, recorder.NamedSpeaker(name="Eve"), recorder.Scope.MESSAGE)
    await feed(speech, 4, 3)
    await speech.finish()
    assert [name for name, _ in await said()][:2] == ["Eve", "Speaker 2"]


@pytest.mark.usefixtures("a_turn_each")
async def test_switched_off(user: User, settings: Any, end: list[LiveSpeech]) -> None:
    """Without speaker models the session goes on as one speaker, with a warning that names the field."""
    settings.SPEAKER_MODELS = speaker_models.NONE
    speaker_models.forget()
    speech = await begin(user)
    end.append(speech)
    assert speech.speakers_warning == "config.speakerDiarization is ignored: speakers in one audio source are not told apart on this server"
    await feed(speech, 2)
    await speech.finish()
    assert [name for name, _ in await said()] == ["Ada", "Ada"]
    settings.SPEAKER_MODELS = "community"
    speaker_models.forget()
    speaker_models.begin_loading().result()
