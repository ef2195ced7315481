"""`redact=true` and `exclude` of the calls that return spoken text."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from insights.analysis.personal_data import CATEGORIES
from insights.api.root import api as parley
from insights.models import Conversation, Entity, Message
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import Say

SAID = "Ada will send the report to maria.lopez@example.com by March 3, 2027, call 555-123-4567 or pay 1,500 dollars in Berlin."
HIDDEN = "**** will send the report to **** by ****, call **** or pay **** in ****."


@pytest.fixture
def api(owner: User, say: Say) -> Api:
    """Return the owner's view of a conversation with personal data."""
    say(SAID)
    return Api(token_of(owner), Conversation.objects.get().id)


def text_of(api: Api, **query: object) -> str:
    """Return the text of the only message."""
    (message,) = api.read("/messages", **query)["messages"]
    return str(message["text"])


def test_the_documented_categories() -> None:
    """The table of the REST reference has each category with its other names."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "rest.md").read_text(encoding="utf-8")
    table = page.partition("| category | what | other names |")[2].partition("\n\n")[0]
    rows = [re.fullmatch(r"\| `(\w+)` \| .+? \|(.*)\|", line) for line in table.splitlines()[2:]]
    found = {row[1]: tuple(re.findall(r"`(\w+)`", row[2])) for row in rows if row}
    assert found == {category.name: category.aliases for category in CATEGORIES}


def test_all_categories_are_hidden(api: Api) -> None:
    """Nothing personal is left in the text, the words and the phrases; the row keeps its text."""
    (message,) = api.read("/messages", redact="true", verbose="true", detectPhrases="true")["messages"]
    assert message["text"] == HIDDEN
    assert " ".join(word["word"] for word in message["words"]) == HIDDEN
    assert message["phrases"] == [{"type": "action_phrase", "text": HIDDEN.split("will ")[1].rstrip(".")}]
    assert message["words"][0]["timeOffset"] == message["timeOffset"]
    assert Message.objects.get().text == SAID


def test_nothing_is_hidden_by_default(api: Api) -> None:
    """Without `redact` the text is complete, also if categories are excluded."""
    assert text_of(api) == text_of(api, redact="false") == text_of(api, exclude='["PERSON_NAME"]') == SAID


@pytest.mark.parametrize(
    ("exclude", "kept"),
    [
        ('["PERSON_NAME"]', "Ada will send"),
        ('["email_address"]', "to maria.lopez@example.com by"),
        ('["PHONE_NUMBER"]', "call 555-123-4567 or"),
        ('["DATE"]', "by March 3, 2027, call"),
        ('["MONEY"]', "pay 1,500 dollars in"),
        ('["LOCATION"]', "in Berlin."),
    ],
)
def test_an_excluded_category_stays(api: Api, exclude: str, kept: str) -> None:
    """Only the excluded category is left in the text."""
    shown = text_of(api, redact="true", exclude=exclude)
    assert kept in shown
    assert shown.count("****") == 5


@pytest.mark.parametrize(
    "exclude",
    [
        '["PERSON_NAME","PHONE_NUMBER"]',
        '[["PERSON_NAME"],["PHONE_NUMBER"]]',
        "PERSON_NAME,PHONE_NUMBER",
        ['["PERSON_NAME"]', '"PHONE_NUMBER"'],
        ["PERSON_NAME", "PHONE_NUMBER"],
        "[PERSON_NAME, PHONE_NUMBER]",
    ],
)
def test_the_forms_of_lists(api: Api, exclude: object) -> None:
    """A list is JSON, also nested as the Go SDK sends it, or names between commas; `exclude` may be repeated."""
    shown = text_of(api, redact="true", exclude=exclude)
    assert shown == HIDDEN.replace("****", "Ada", 1).replace("call ****", "call 555-123-4567")


@pytest.mark.parametrize("exclude", ['["SHOE_SIZE"]', "[1]", "{}", '["PERSON_NAME", null]', "[" * 5000])
def test_an_unknown_category_is_refused(api: Api, exclude: str) -> None:
    """The error lists the categories, also without `redact`."""
    for redact in ("true", "false"):
        answer = api.get("/messages", redact=redact, exclude=exclude)
        assert answer.status_code == 400
        message = answer.json()["message"]
        assert message.startswith("exclude: must be a list of categories")
        assert all(category.name in message for category in CATEGORIES)


def test_custom_entities_are_hidden(api: Api) -> None:
    """What an account defined as an entity is hidden, unless CUSTOM is excluded."""
    message = Message.objects.get()
    Entity.objects.create(message=message, type="custom", text="report", offset=SAID.index("report"), value={"customType": "Papers"})
    assert "send the **** to" in text_of(api, redact="true")
    assert "send the report to" in text_of(api, redact="true", exclude='["CUSTOM"]')


def test_insights_are_redacted(api: Api) -> None:
    """The text, entities, phrase, date and unknown assignee of an insight are hidden."""
    for path, name in (("/action-items", "actionItems"), ("/insights", "insights")):
        (item,) = api.read(path, redact="true")[name]
        assert item["text"] == HIDDEN
        assert item["entities"] == []
        assert "maria" not in json.dumps(item)
        (item,) = api.read(path, redact="true", exclude='["PERSON_NAME"]')[name]
        assert [(entity["text"], entity["offset"]) for entity in item["entities"]] == [("Ada", 0)]


def test_other_languages_are_refused(api: Api) -> None:
    """A conversation whose words are not known is not sent in clear."""
    Conversation.objects.update(language="de-DE")
    answer = api.get("/messages", redact="true")
    assert (answer.status_code, answer.json()["message"]) == (400, "redact: is possible for English only, not for de-DE")


SCHEMA = parley.get_openapi_schema()["paths"]
READS = sorted(path for path, methods in SCHEMA.items() if "get" in methods)


@pytest.mark.parametrize("path", READS)
def test_every_call_hides_or_refuses(api: Api, path: str) -> None:
    """Each call that reads either has the parameter `redact`, or refuses it before it looks for anything."""
    api.root = re.sub(r"\{\w+\}", "1", path.replace("{conversation_id}", str(Conversation.objects.get().id)))
    answer = api.get(redact="true")
    if any(one["name"] == "redact" for one in SCHEMA[path]["get"].get("parameters", ())):
        assert answer.status_code in (200, 404)
        assert "maria" not in body_of(answer)
    else:
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("redact: this call does not hide personal data")


def test_a_refused_change_changes_nothing(api: Api) -> None:
    """A call that would answer with words and cannot hide them does not begin."""
    message = api.read("/messages")["messages"][0]["id"]
    answer = api.request("PATCH", f"/messages/{message}?redact=true", {"text": "Call 555-123-4567."})
    assert answer.status_code == 400
    assert text_of(api) == SAID


def test_bookmarks_are_redacted(api: Api) -> None:
    """The messages of bookmarks, their summaries, and the label and description are hidden; the stored ones stay."""
    message = api.read("/messages")["messages"][0]["id"]
    body = {"label": "Call 555-123-4567", "description": "For Ada", "messageRefs": [{"id": message}]}
    one = api.send("POST", "/bookmarks", body)["id"]
    for shown in (api.read(f"/bookmarks/{one}", redact="true"), api.read("/bookmarks", redact="true")["bookmarks"][0]):
        assert shown["messageRefs"][0]["text"] == HIDDEN
        assert (shown["label"], shown["description"]) == ("Call ****", "For ****")
    for sentences in (
        api.read(f"/bookmarks/{one}/summary", redact="true")["summary"],
        api.read("/bookmarks-summary", redact="true")["bookmarksSummary"][0]["summary"],
    ):
        assert [sentence["text"] for sentence in sentences] == [HIDDEN]
    assert api.read(f"/bookmarks/{one}")["label"] == "Call 555-123-4567"


def body_of(answer: Any) -> str:
    """Return the text of a response."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content, "utf-8", "replace")
