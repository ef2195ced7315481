"""Downloads of a conversation."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.test import Client
from docx import Document

from insights import jobs
from insights.models import Export
from tests.insights.jobs.test_export import stored
from tests.insights.portal.conftest import MakeConversation, add_insight

__all__ = ["stored"]
pytestmark = pytest.mark.django_db(transaction=True)
LINES = [("Ada", "Who can do it?"), ("Ada", "It is due on Friday."), ("Bob", "I will.")]
TEXT = """Planning
2 March 2026, 09:30

Ada [0:10]
Who can do it?
It is due on Friday.

Bob [0:30]
I will.

Insights
- Question: Who can? (Ada, 0:10)
- Action item: Do it (Bob, 0:30, for Bob, due 6 March 2026)
"""


def test_the_text_file(user_client: Client, make_conversation: MakeConversation) -> None:
    """The text file has the title, turns with names and times, and insights without rejected ones."""
    conversation = make_conversation(lines=LINES)
    add_insight(conversation, 1)
    add_insight(conversation, 2, "follow_up", review="rejected", reviewed_at=conversation.started_at)
    add_insight(conversation, 3, "action_item", "Do it", assignee_name="Bob", due_at=datetime(2026, 3, 6, tzinfo=UTC))
    answer = user_client.get(f"/conversations/{conversation.pk}/download.txt")
    assert answer.getvalue().decode() == TEXT
    assert answer["Content-Disposition"] == 'attachment; filename="planning.txt"'


def test_the_json_file(user_client: Client, make_conversation: MakeConversation) -> None:
    """The JSON file equals the admin's export."""
    conversation = make_conversation(lines=LINES)
    document = json.loads(user_client.get(f"/conversations/{conversation.pk}/download.json").getvalue())
    assert [one["text"] for one in document["conversations"][0]["messages"]] == [text for _, text in LINES]


def test_the_word_document(user_client: Client, make_conversation: MakeConversation) -> None:
    """The Word document has the contents of the text file."""
    conversation = make_conversation(lines=LINES)
    add_insight(conversation, 3, "action_item", "Do it", assignee_name="Bob", due_at=datetime(2026, 3, 6, tzinfo=UTC))
    answer = user_client.get(f"/conversations/{conversation.pk}/download.docx")
    assert answer["Content-Disposition"] == 'attachment; filename="planning.docx"'
    shown = [paragraph.text for paragraph in Document(BytesIO(answer.content)).paragraphs]
    assert shown == [
        *("Planning", "2 March 2026, 09:30", "Ada [0:10]", "Who can do it?", "It is due on Friday.", "Bob [0:30]", "I will."),
        *("Insights", "Action item: Do it (Bob, 0:30, for Bob, due 6 March 2026)"),
    ]


def test_subtitles_and_markdown(user_client: Client, make_conversation: MakeConversation) -> None:
    """Subtitles and Markdown name the speaker of each message."""
    conversation = make_conversation(lines=LINES)
    texts = {
        form: user_client.get(f"/conversations/{conversation.pk}/download.{form}").getvalue().decode() for form in ("srt", "vtt", "md")
    }
    assert texts["srt"].startswith("1\n00:00:10,000 --> ")
    assert "\nAda: Who can do it?\n" in texts["srt"]
    assert "<v Bob>I will.\n" in texts["vtt"]
    assert texts["md"].startswith("Ada: Who can do it?<br/><br/>Ada: It is due")


def test_the_file_name_is_ascii(user_client: Client, make_conversation: MakeConversation) -> None:
    """A title without usable ASCII letters gives the id as file name."""
    conversation = make_conversation('"; ☃ ../', lines=LINES)
    answer = user_client.get(f"/conversations/{conversation.pk}/download.txt")
    assert answer["Content-Disposition"] == f'attachment; filename="{conversation.pk}.txt"'


def test_unknown_formats_are_404(user_client: Client, make_conversation: MakeConversation) -> None:
    """An unknown format gets 404."""
    assert user_client.get(f"/conversations/{make_conversation().pk}/download.exe").status_code == 404


MINUTES = r"""# Planning

2 March 2026, 09:30

People: Ada, Bob

## Summary

- We decided to move the \*launch\* of the heat pump to May.

## Decisions

- We decided to move the \*launch\* of the heat pump to May.

## Tasks

- [ ] Order the boxes (Bob, due 6 March 2026)
- [x] Call the supplier

## Open questions

- Who drives to the supplier of the boxes?
"""


def test_the_minutes(user_client: Client, make_conversation: MakeConversation) -> None:
    """The minutes are Markdown with date, people, summary, decisions, tasks and open questions."""
    conversation = make_conversation(
        lines=[
            ("Ada", "We decided to move the *launch* of the heat pump to May."),
            ("Bob", "Okay."),
            ("Ada", "Who drives to the supplier of the boxes?"),
        ]
    )
    add_insight(conversation, 1, "action_item", "Order the boxes", assignee_name="Bob", due_at=datetime(2026, 3, 6, tzinfo=UTC))
    add_insight(conversation, 2, "follow_up", "Call the supplier", done_at=datetime(2026, 3, 3, tzinfo=UTC))
    add_insight(conversation, 3, "question", "Who drives to the supplier of the boxes?")
    answer = user_client.get(f"/conversations/{conversation.pk}/download.minutes.md")
    assert answer.getvalue().decode() == MINUTES
    assert answer["Content-Disposition"] == 'attachment; filename="planning-minutes.md"'


def test_files_are_in_the_language_of_the_page(user_client: Client, make_conversation: MakeConversation) -> None:
    """Headings, dates and the words around insights; what was said stays. A job keeps the language of the request."""
    conversation = make_conversation(lines=LINES)
    add_insight(conversation, 3, "action_item", "Do it", assignee_name="Bob", due_at=datetime(2026, 3, 6, tzinfo=UTC))
    german = {"accept-language": "de"}
    text = user_client.get(f"/conversations/{conversation.pk}/download.txt", headers=german).getvalue().decode()
    assert text.startswith("Planning\n2. März 2026, 09:30\n")
    assert text.endswith("\nErkenntnisse\n- Aufgabe: Do it (Bob, 0:30, für Bob, fällig am 6. März 2026)\n")
    minutes = user_client.get(f"/conversations/{conversation.pk}/download.minutes.md", headers=german).getvalue().decode()
    assert "\nPersonen: Ada, Bob\n" in minutes
    assert "\n## Aufgaben\n\n- [ ] Do it (Bob, fällig am 6. März 2026)\n" in minutes
    user_client.post("/exports/new/", {"conversation": conversation.pk, "format": "txt"}, headers=german)
    jobs.run_waiting()
    assert user_client.get(f"/exports/{Export.objects.get().pk}/").getvalue().decode() == text
