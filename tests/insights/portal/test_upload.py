"""The upload page: what it offers, and the list of imports that it shows."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import jobs, spoken_languages
from insights.models import Conversation, Job
from insights.portal.upload import plain_reason
from tests.insights.portal.conftest import MakeConversation

pytestmark = pytest.mark.django_db


def make_import(conversation: Conversation, **fields: object) -> Job:
    """Store the job of an import into a conversation."""
    values = {"kind": "import_audio", "owner": conversation.owner, "parameters": {"url": ""}, **fields}
    return Job.objects.create(conversation=conversation, **values)


def text_of(client: Client, path: str = "/upload/imports/") -> str:
    """Return a page that must exist, with single spaces."""
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_form_offers_what_the_server_accepts(user_client: Client) -> None:
    """The limit of the setting and the languages of the recogniser are shown, and the audio is kept as the account says."""
    with override_settings(MAX_UPLOAD_MB=77):
        shown = text_of(user_client, "/upload/")
    assert "77 MB each" in shown
    assert 'data-most-mb="77"' in shown
    assert spoken_languages.languages()
    for code in spoken_languages.languages():
        assert f'<option value="{code}">' in shown
    assert 'id="store-audio" type="checkbox">' in shown
    assert "Uploads of the past 7 days appear here" in shown


def test_each_state_has_its_words(user_client: Client, make_conversation: MakeConversation) -> None:
    """A job waits, runs with its percentage, is being cancelled, was cancelled, failed with a reason, or has finished."""
    states = {
        "Waiting to be transcribed": {},
        "An error occurred. Trying again soon.": {"reason": "an unexpected error happened on the server (OSError)"},
        "Transcribing, 42%": {"status": "in_progress", "progress": 0.42},
        "Cancelling…": {"status": "in_progress", "cancel_requested": True},
        "Cancelled": {"status": "failed", "reason": jobs.CANCELLED},
        "Failed. The file has no audio.": {"status": "failed", "reason": "the file has no audio"},
        "Finished · 1 message": {"status": "completed", "progress": 1.0},
    }
    for number, fields in enumerate(states.values()):
        make_import(make_conversation(f"Talk {number}", [("Ada", "Hello")] if fields.get("progress") == 1.0 else ()), **fields)
    shown = text_of(user_client)
    for number, words in enumerate(states):
        row = shown.split(f'data-name="Talk {number}"')[1].split("</li>")[0]
        assert words in row
        assert ("Cancel<" in row) == (number in (0, 1, 2))
        assert ("Retry<" in row) == (number in (4, 5))
    assert 'class="imports" data-unfinished' in shown


def test_only_own_recent_recordings_are_listed(user_client: Client, other_client: Client, make_conversation: MakeConversation) -> None:
    """Imports of others, of text, of conversations in the bin, and of last month are not in the list."""
    make_import(make_conversation("Mine"))
    make_import(make_conversation("Text"), kind="import_text")
    make_import(make_conversation("Old"), created_at=timezone.now() - timedelta(days=30))
    binned = make_conversation("Binned")
    Conversation.objects.filter(pk=binned.pk).update(deleted_at=timezone.now())
    make_import(binned)
    shown = text_of(user_client)
    assert "Mine" in shown
    assert not [name for name in ("Text", "Old", "Binned") if f'data-name="{name}"' in shown]
    assert "data-name" not in text_of(other_client)


def test_the_list_can_start_at_a_time(user_client: Client, make_conversation: MakeConversation) -> None:
    """`since` leaves out what began before it; an invalid one is ignored."""
    make_import(make_conversation("Mine"), created_at=timezone.now() - timedelta(hours=1))
    now = int(timezone.now().timestamp())
    assert "Mine" not in text_of(user_client, f"/upload/imports/?since={now}")
    assert "Mine" in text_of(user_client, f"/upload/imports/?since={now - 7200}")
    for wrong in ("x", "99999999999999999999", "-1", "²"):
        assert "Mine" in text_of(user_client, f"/upload/imports/?since={wrong}")


def test_a_url_can_be_tried_again(user_client: Client, make_conversation: MakeConversation) -> None:
    """A failed import by URL has its URL in the page, escaped; that of a file has none."""
    make_import(make_conversation("Url"), status="failed", parameters={"url": 'https://example.org/"a'})
    make_import(make_conversation("File"), status="failed", parameters={"file": "1-a", "url": ""})
    shown = text_of(user_client)
    assert 'data-url="https://example.org/&quot;a"' in shown
    assert shown.count("data-url") == 1


def test_a_missing_worker_is_shown(user_client: Client, make_conversation: MakeConversation) -> None:
    """Without a worker the page says why nothing moves, and only while something waits."""
    one = make_import(make_conversation("Mine"))
    assert "No worker is running" in text_of(user_client)
    Job.objects.create(kind="retention", periodic=True)
    assert "No worker is running" not in text_of(user_client)
    Job.objects.filter(kind="retention").delete()
    Job.objects.filter(pk=one.pk).update(status="completed")
    assert "No worker is running" not in text_of(user_client)


def test_the_list_takes_a_fixed_number_of_queries(user_client: Client, make_conversation: MakeConversation) -> None:
    """Ten imports take as many queries as one."""
    counted = []
    for more in (1, 9):
        for number in range(more):
            make_import(make_conversation(f"Talk {number}"))
        with CaptureQueriesContext(connection) as queries:
            text_of(user_client)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_shared_file_without_the_service_worker(user: User) -> None:
    """A POST from outside the site does nothing; the page says that the file must be chosen."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    response = client.post("/upload/", {"recordings": "x"})
    assert (response.status_code, response.headers["Location"]) == (302, "/upload/?shared=lost")
    assert "The shared file did not arrive." in text_of(client, "/upload/?shared=lost")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", ""),
        ("the file has no audio", "The file has no audio."),
        ("url: the URL has no host", "The URL has no host."),
        ("the file is damaged, or not one of the formats: mp3.", "The file is damaged, or not one of the formats: mp3."),
    ],
    ids=["none", "plain", "with a field", "with a colon"],
)
def test_reasons_are_sentences(reason: str, sentence: str) -> None:
    """A reason begins with a capital, ends with a full stop, and has no name of a field."""
    assert plain_reason(reason) == sentence
