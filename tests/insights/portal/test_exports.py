"""The page of exports."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import jobs, recorder
from insights.models import Export
from insights.portal import downloads
from tests.insights.jobs.test_export import stored
from tests.insights.portal.conftest import MakeConversation

__all__ = ["stored"]
pytestmark = pytest.mark.django_db(transaction=True)
LINES = [("Ada", "Who can do it?"), ("Bob", "I will.")]


def test_from_the_list_to_the_file(user_client: Client, make_conversation: MakeConversation) -> None:
    """Conversations chosen in the list become an archive, whose progress the page shows, and whose file it links to."""
    chosen = [make_conversation(name, lines=LINES).pk for name in ("Planning", "Budget")]
    shown = user_client.get("/conversations/").content.decode()
    assert all(f'name="conversation" value="{one}" form="export"' in shown for one in chosen)
    answer = user_client.post("/exports/new/", {"conversation": chosen, "format": "md"})
    assert answer["Location"] == "/exports/?done=requested"
    page = user_client.get(answer["Location"]).content.decode()
    assert 'data-state="waiting"' in page
    assert 'hx-get="/exports/list/"' in page
    jobs.run_waiting()
    part = user_client.get("/exports/list/").content.decode()
    assert "hx-get" not in part
    assert "All exports have ended." in part
    assert "2 conversations" in part
    export = Export.objects.get()
    file = user_client.get(f"/exports/{export.pk}/")
    assert file["Content-Type"] == "application/zip"
    assert len(file.getvalue()) == export.size


def test_a_long_conversation(user_client: Client, make_conversation: MakeConversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The download of a long conversation leads to the page, which asks for the export with a button; GET enqueues nothing."""
    monkeypatch.setattr(downloads, "DIRECT_MESSAGES", 1)
    one = make_conversation(lines=LINES)
    answer = user_client.get(f"/conversations/{one.pk}/download.docx")
    assert answer["Location"] == f"/exports/?conversation={one.pk}&format=docx"
    assert user_client.get(f"/conversations/{one.pk}/download.minutes.md").getvalue().startswith(b"#")
    page = user_client.get(answer["Location"]).content.decode()
    assert "Export “Planning”" in page
    assert 'name="notes" value="yes">' in page
    assert '<option value="docx" selected>' in page
    assert not Export.objects.exists()
    with_notes = user_client.get(f"/conversations/{one.pk}/download.docx?notes=yes")["Location"]
    assert 'name="notes" value="yes" checked' in user_client.get(with_notes).content.decode()
    user_client.post("/exports/new/", {"conversation": one.pk, "format": "docx", "notes": "yes"})
    assert Export.objects.get().notes
    jobs.run_waiting()
    assert user_client.get(f"/exports/{Export.objects.get().pk}/")["Content-Disposition"] == 'attachment; filename="planning.docx"'


def test_all_data_of_the_account(user_client: Client, make_conversation: MakeConversation) -> None:
    """One button exports everything."""
    make_conversation(lines=LINES)
    user_client.post("/exports/new/", {"everything": "yes"})
    jobs.run_waiting()
    export = Export.objects.get()
    assert (export.everything, export.state, export.conversation_count) == (True, "ready", 1)
    assert "All data of your account" in user_client.get("/exports/").content.decode()
    assert user_client.get(f"/exports/{export.pk}/")["Content-Disposition"] == 'attachment; filename="account-data.zip"'


def test_what_was_removed(user_client: Client, make_conversation: MakeConversation, user: User, stored: Path) -> None:
    """A file that was removed by a deletion or by its account cannot be downloaded, and the page says why."""
    one = make_conversation(lines=LINES)
    for _ in range(2):
        user_client.post("/exports/new/", {"conversation": one.pk, "format": "txt"})
    jobs.run_waiting()
    first, second = Export.objects.all()
    assert user_client.post(f"/exports/{first.pk}/remove/")["Location"] == "/exports/?done=removed"
    recorder.bin_conversation(one.pk, user.pk)
    for export in (first, second):
        assert user_client.get(f"/exports/{export.pk}/")["Location"] == "/exports/?problem=gone"
    page = user_client.get("/exports/?problem=gone").content.decode()
    assert "Removed, because words in it were deleted." in page
    assert "This file cannot be downloaded any more." in page
    assert "Planning" not in page


def test_others(user_client: Client, other_client: Client, make_conversation: MakeConversation) -> None:
    """Others' conversations cannot be exported, and others' exports are 404."""
    one = make_conversation(lines=LINES)
    assert other_client.post("/exports/new/", {"conversation": one.pk})["Location"] == "/exports/?problem=unknown"
    assert other_client.post("/exports/new/")["Location"] == "/exports/?problem=none"
    assert "Planning" not in other_client.get(f"/exports/?conversation={one.pk}&format=txt").content.decode()
    user_client.post("/exports/new/", {"conversation": one.pk})
    jobs.run_waiting()
    export = Export.objects.get()
    assert other_client.get(f"/exports/{export.pk}/").status_code == 404
    assert other_client.post(f"/exports/{export.pk}/remove/").status_code == 404
    assert user_client.get(f"/exports/{export.pk}/").status_code == 200


def test_limits(user_client: Client, make_conversation: MakeConversation, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limits the page says what to do."""
    one = make_conversation(lines=LINES)
    monkeypatch.setattr("insights.jobs.export_requests.MOST_READY", 1)
    user_client.post("/exports/new/", {"conversation": one.pk})
    assert user_client.post("/exports/new/", {"conversation": one.pk})["Location"] == "/exports/?problem=exports"
    settings.MAX_JOBS_PER_ACCOUNT = 1  # type: ignore[attr-defined]
    assert user_client.post("/exports/new/", {"conversation": one.pk})["Location"] == "/exports/?problem=jobs"
