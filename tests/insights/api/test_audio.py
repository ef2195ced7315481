"""`GET .../audio` and `.../audio/sessions`: ranges, one session, one message, redaction, and nobody else's."""

import io
import wave
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client, RequestFactory

from insights import access, recorder
from insights.api.byte_ranges import RangeNotSatisfiable, requested_range
from insights.hidden_speech import masked_speech
from insights.models import AccessLevel, AccountSettings, Conversation, Message, Share, StoredAudio
from streaming.audio.opus_file import OpusWriter
from streaming.audio.pcm import RATE
from streaming.recordings import files
from streaming.recordings.imported import ImportedAudio
from tests.insights.conftest import Say
from tests.s3_storage import unreachable_bucket

pytestmark = pytest.mark.django_db
SECONDS = 8

Store = Callable[..., StoredAudio]


@pytest.fixture(autouse=True)
def _folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "audio" / "stored"}}
    settings.STORAGES = {**settings.STORAGES, "audio": local}


@pytest.fixture
def talk(say: Say) -> Conversation:
    """The owner's conversation."""
    say("My name is Maria Jones.")
    return Conversation.objects.get()


@pytest.fixture
def store(talk: Conversation) -> Store:
    """Store a session's audio: a constant value, from `offset` seconds on the clock of the conversation."""

    def store(level: float = 0.25, offset: float = 0.0) -> StoredAudio:
        writer, identity = OpusWriter({}), uuid4()
        tone = level * np.sin(2 * np.pi * 500 * np.arange(SECONDS * RATE) / RATE).astype(np.float32)
        data = writer.head() + writer.write(tone) + writer.finish()
        name = files.storage().save(files.name_of(talk.pk, identity), ContentFile(data))
        times = {"started_at": talk.started_at + timedelta(seconds=offset), "seconds": float(SECONDS), "size": len(data)}
        return StoredAudio.objects.create(id=identity, conversation=talk, session_id=uuid4(), state="stored", name=name, **times)

    return store


@pytest.fixture
def page(owner: User) -> Client:
    """The owner's browser."""
    client = Client()
    client.force_login(owner)
    return client


def loudness(content: bytes) -> list[float]:
    """Return the peak of each tenth of a second of a WAV file, from 0 to 1."""
    with wave.open(io.BytesIO(content)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float) / 32767
    return [float(np.abs(samples[at : at + RATE // 10]).max()) for at in range(0, len(samples) - RATE // 10, RATE // 10)]


def url(talk: Conversation, query: str = "") -> str:
    """Return the URL of the audio."""
    return f"/v1/conversations/{talk.pk}/audio{query}"


def whole(page: Client, address: str, **headers: str) -> bytes:
    """Return the bytes of an answer."""
    response = page.get(address, headers=headers)
    return b"".join(response) if response.streaming else response.content


def test_sessions_are_mixed_on_the_clock_of_the_conversation(talk: Conversation, store: Store, page: Client) -> None:
    """Where both speak there is the sum, before and after it one of them."""
    store()
    store(0.5, offset=4.0)
    levels = loudness(whole(page, url(talk)))
    assert len(levels) == pytest.approx(120, abs=2)
    assert levels[20] == pytest.approx(0.25, abs=0.05)
    assert levels[60] == pytest.approx(0.75, abs=0.1)
    assert levels[100] == pytest.approx(0.5, abs=0.07)


def test_any_range_has_the_bytes_of_the_whole(talk: Conversation, store: Store, page: Client) -> None:
    """A range across blocks, at odd places, the last bytes, and the header."""
    store(offset=1.37)
    all_of_it = whole(page, url(talk))
    size = len(all_of_it)
    for text, low, high in (("0-0", 0, 1), ("43-44", 43, 45), ("100001-200000", 100001, 200001), ("-77", size - 77, size)):
        assert whole(page, url(talk), range=f"bytes={text}") == all_of_it[low:high]


def test_one_session_and_its_file(talk: Conversation, store: Store, page: Client) -> None:
    """`session` leaves the others out; the stored file is sent unchanged; the list names both."""
    store()
    second = store(0.5, offset=4.0)
    levels = loudness(whole(page, url(talk, f"?session={second.session_id}")))
    assert (levels[20], levels[60]) == (0.0, pytest.approx(0.5, abs=0.07))
    assert len(whole(page, url(talk, f"?session={second.id}&format=ogg"))) == second.size
    listed = page.get(url(talk, "/sessions")).json()["audio"]
    assert [(one["offset"], one["duration"], one["state"]) for one in listed] == [(0.0, 8.0, "stored"), (4.0, 8.0, "stored")]


def test_hidden_words_are_silent(talk: Conversation, store: Store, page: Client) -> None:
    """`redact=true` silences the name; without it everything is heard."""
    store()
    message = Message.objects.get()
    message.started_at, message.ended_at = talk.started_at + timedelta(seconds=1), talk.started_at + timedelta(seconds=6)
    words = [f"{message.started_at + timedelta(seconds=at):%Y-%m-%dT%H:%M:%S.%f}Z" for at in range(6)]
    names = message.text.rstrip(".").split()
    message.words = [{"word": name, "startTime": words[at], "endTime": words[at + 1], "score": 1.0} for at, name in enumerate(names)]
    message.save()
    levels = loudness(whole(page, url(talk, "?redact=true")))
    first = (1 + names.index("Maria")) * 10
    assert set(levels[first : first + 19]) == {0.0}
    assert min(levels[first - 12 : first - 3]) > 0.2
    assert min(loudness(whole(page, url(talk)))[:70]) > 0.2
    assert page.get(url(talk, "?redact=true&format=ogg")).status_code == 400


def test_only_the_owner_hears_what_was_hidden_live(talk: Conversation, store: Store, page: Client, say: Say, other_owner: User) -> None:
    """Words that were masked while they were said are silent for people with whom it was shared, and on its public page."""
    audio = store()
    say("Please ask Maria Jones about it.", mask="[PII]")
    message = Message.objects.get(number=2)
    times = [f"{talk.started_at + timedelta(seconds=1 + at):%Y-%m-%dT%H:%M:%S.%f}Z" for at in range(len(message.words) + 1)]
    message.words = [{**word, "startTime": times[at], "endTime": times[at + 1]} for at, word in enumerate(message.words)]
    message.save()
    first = 10 * (1 + [word["word"] for word in message.words].index("[PII]"))
    Share.objects.create(conversation=talk, user=other_owner, level=AccessLevel.EDIT, created_at=talk.started_at)
    reader = Client()
    reader.force_login(other_owner)
    link = access.create_public_link(talk, 7, audio=True)
    for client, address in ((reader, url(talk)), (Client(), f"/v1/shared/{access.secret_of(link)}/audio")):
        levels = loudness(whole(client, address))
        assert set(levels[first - 1 : first + 11]) == {0.0}
        assert min(levels[: first - 3] + levels[first + 13 : 70]) > 0.2
    assert min(loudness(whole(page, url(talk)))[:70]) > 0.2
    file = f"?format=ogg&session={audio.id}"
    assert (reader.get(url(talk, file)).status_code, page.get(url(talk, file)).status_code) == (400, 200)


def test_a_mask_of_letters_hides_no_other_word(talk: Conversation, say: Say) -> None:
    """A word that has the letters of the mask in it is heard."""
    say("Please ask Maria Jones about the next plan.", mask="x")
    message = Message.objects.get(number=2)
    assert message.text == "Please ask x about the next plan."
    (hidden,) = masked_speech(talk)
    assert hidden == pytest.approx((message.offset_s + 1.0, message.offset_s + 2.0), abs=0.01)


def test_edits_leave_hidden_words_hidden(talk: Conversation, say: Say, owner: User) -> None:
    """A mask of letters is known as one after a correction, a split and a join."""
    say("Please ask Maria Jones about it.", mask="REDACTED")
    message = Message.objects.get(number=2)
    before = masked_speech(talk)
    assert len(before) == 1
    recorder.correct_message(message.id, "Please ask REDACTED about that.", owner.pk)
    assert masked_speech(talk) == before
    recorder.split_message(message.id, len("Please ask REDACTED"), owner.pk)
    assert masked_speech(talk) == before
    recorder.join_next(message.id, owner.pk)
    assert masked_speech(talk) == before


def test_deleted_messages_are_silent(talk: Conversation, store: Store, page: Client) -> None:
    """What was deleted is not heard, and the stored file, which still has it, is not sent."""
    audio, start = store(), talk.started_at + timedelta(seconds=2)
    Message.objects.update(started_at=start, ended_at=start + timedelta(seconds=1))
    recorder.delete_message(talk.pk, Message.objects.get().pk, None)
    levels = loudness(whole(page, url(talk)))
    assert set(levels[19:31]) == {0.0}
    assert min(levels[:17] + levels[33:70]) > 0.2
    assert page.get(url(talk, f"?format=ogg&session={audio.id}")).status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [("?session=x", 400), (f"?session={UUID(int=1)}", 404), (f"?message={UUID(int=1)}", 404), ("?format=mp3", 400), ("?format=ogg", 400)],
)
def test_bad_queries_are_named(talk: Conversation, store: Store, page: Client, query: str, status: int) -> None:
    """Each error names its parameter, or says that there is no such audio."""
    store()
    store()
    response = page.get(url(talk, query))
    assert response.status_code == status
    assert response.json()["message"].startswith((query[1:].partition("=")[0], "The conversation has no stored audio"))


def test_audio_of_others_does_not_exist(talk: Conversation, store: Store, other_owner: User) -> None:
    """Another account gets the error for an unknown conversation."""
    store()
    client = Client()
    client.force_login(other_owner)
    for path in ("", "/sessions"):
        assert client.get(url(talk, path)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_audio_of_an_import_is_kept(talk: Conversation, page: Client) -> None:
    """Both channels are mixed at the time of the recording, with one event; an import that starts again replaces its file."""
    identity = uuid4()
    left = np.sin(2 * np.pi * 500 * np.arange(2 * RATE) / RATE) * 16_000
    block = np.stack([left, left / 2], axis=1).astype("<i2").tobytes()
    interrupted = ImportedAudio(talk.pk, identity, talk.started_at + timedelta(seconds=1), 2).recorded([block, block])
    next(interrupted)
    interrupted.close()
    audio = ImportedAudio(talk.pk, identity, talk.started_at + timedelta(seconds=1), 2)
    assert list(audio.recorded([block])) == [block]
    audio.store()
    levels = loudness(whole(page, url(talk)))
    assert (levels[5], levels[20]) == (0.0, pytest.approx(0.37, abs=0.05))
    assert len(levels) == pytest.approx(30, abs=1)
    events = page.get(f"/v1/conversations/{talk.pk}/events").json()["events"]
    assert [event["kind"] for event in events].count("audio_recording") == 1


def test_a_file_that_is_gone_is_an_error(talk: Conversation, store: Store, page: Client) -> None:
    """503, not a broken file."""
    files.storage().delete(store().name)
    assert page.get(url(talk)).status_code == 503


def test_a_bucket_that_is_away(
    talk: Conversation, store: Store, page: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """503 with a reason while the S3 service refuses connections, and no copy is left."""
    store()
    settings.STORAGES = {**settings.STORAGES, "audio": unreachable_bucket(monkeypatch)}
    response = page.get(url(talk))
    assert response.status_code == 503
    assert response.json()["message"] == "the storage of the audio fails (EndpointConnectionError)"
    assert list((tmp_path / "audio" / "fetched").iterdir()) == []


@pytest.mark.parametrize(("installation", "account", "left"), [(0, None, 1), (10, None, 1), (2, None, 0), (0, 2, 0), (10, 5, 1)])
def test_old_audio_is_removed(talk: Conversation, store: Store, owner: User, installation: int, account: int | None, left: int) -> None:
    """The shorter of both times counts, from the end of the conversation; the messages stay."""
    name, now = store().name, talk.started_at
    Conversation.objects.update(ended_at=now)
    AccountSettings.objects.create(user=owner, keep_audio_days=account)
    recorder.forget_audio(now + timedelta(days=3), installation)
    assert StoredAudio.objects.count() == left == files.storage().exists(name)
    assert Message.objects.count() == 1


def test_joined_messages_are_heard(talk: Conversation, store: Store, page: Client, say: Say, owner: User) -> None:
    """The message that was joined to another one is no deleted one; what both said is silent once the joined message is deleted."""
    store(offset=4.0)
    say("It is late.")
    first = Message.objects.get(number=1)
    recorder.join_next(first.id, owner.pk)
    assert min(loudness(whole(page, url(talk)))[105:110]) > 0.2
    recorder.delete_message(talk.pk, first.id, owner.pk)
    assert set(loudness(whole(page, url(talk)))[105:110]) == {0.0}


@pytest.mark.django_db(transaction=True)
def test_a_deleted_conversation_leaves_no_file(talk: Conversation, store: Store) -> None:
    """Neither a row nor a file is left, and a file that is stored later is refused."""
    audio = store()
    recorder.delete_conversation(talk.pk, None)
    assert not files.storage().exists(audio.name)
    assert not StoredAudio.objects.exists()
    facts = recorder.AudioFacts(talk.started_at, 1.0, 1)
    assert not recorder.store_audio(UUID(str(audio.pk)), facts, audio.name)


@pytest.mark.parametrize(
    ("header", "expected"),
    [("bytes=0-9", (0, 10)), ("bytes=5-", (5, 100)), ("bytes=-5", (95, 100)), ("bytes=-500", (0, 100)), ("bytes=5-999", (5, 100))],
)
def test_ranges(header: str, expected: tuple[int, int]) -> None:
    """One range of bytes."""
    request = RequestFactory().get("/", headers={"Range": header})
    assert requested_range(request, 100, '"e"') == expected
    assert requested_range(RequestFactory().get("/", headers={"Range": header, "If-Range": '"d"'}), 100, '"e"') is None


@pytest.mark.parametrize("header", ["", "bytes=", "bytes=-", "bytes=9-5", "bytes=0-1,3-4", "items=0-1", "bytes=a-b"])
def test_other_ranges_are_ignored(header: str) -> None:
    """The whole content is sent."""
    assert requested_range(RequestFactory().get("/", headers={"Range": header}), 100, '"e"') is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    """416."""
    with pytest.raises(RangeNotSatisfiable):
        requested_range(RequestFactory().get("/", headers={"Range": header}), 100, '"e"')
