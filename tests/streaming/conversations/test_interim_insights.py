"""Insights in the words of open turns: analysed in a thread, once for all clients of a process, and only where somebody asks."""

import asyncio
import json
import logging
from uuid import UUID, uuid4

import pytest

from insights import derived
from insights.snapshots import MemberSnapshot
from streaming.aio.send_queue import SendQueue
from streaming.cluster.transcript_update import TranscriptUpdate
from streaming.conversations import interim_insights
from streaming.conversations.rendered_events import SymblTexts
from streaming.protocols.symbl import View

TASK = "I will send the report to Maria by Friday"


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    """Begin without what other tests found."""
    interim_insights._searches.clear()


def interim(text: str, session: UUID | None = None, *, language: str = "en-US", is_final: bool = False) -> TranscriptUpdate:
    """Return a result of Ada."""
    ada = MemberSnapshot("1", "Ada", "ada@example.com")
    return TranscriptUpdate(1, session or uuid4(), text, (), 0.9, is_final, ada, spoken_language=language)


def client(view: View | None = None, *, wants: bool = True) -> SymblTexts:
    """Return the texts for a client."""

    async def send(*_: object) -> None:
        """Send nowhere."""

    return SymblTexts(view or View(), SendQueue(send, send), open_turns=wants)


async def sent(texts: SymblTexts, update: TranscriptUpdate) -> list[list[tuple[str, str]]]:
    """Return the type and the text of each insight of each message."""
    finding = texts.found(update)
    messages = [json.loads(text)["message"] for text in await finding] if finding is not None else []
    assert all(message["user"]["name"] == "Ada" for message in messages)
    return [[(one["type"], one["text"]) for one in message["insights"]] for message in messages]


async def test_a_list_is_sent_when_it_changes_and_ends_with_the_turn() -> None:
    """Each message has all insights of the turn; what is not an insight any more leaves it."""
    session, texts = uuid4(), client()
    assert await sent(texts, interim("I will", session)) == []
    assert await sent(texts, interim(TASK, session)) == [[("action_item", TASK)]]
    assert await sent(texts, interim(TASK, session)) == []
    both = f"{TASK}. Can you call the customer?"
    assert {kind for kind, _ in (await sent(texts, interim(both, session)))[0]} == {"action_item", "question"}
    assert await sent(texts, interim("The weather is fine today", session)) == [[]]
    assert await sent(texts, interim(TASK, session)) == [[("action_item", TASK)]]
    assert await sent(texts, interim(TASK, session, is_final=True)) == []
    assert await sent(texts, interim(TASK, session)) == [[("action_item", TASK)]], "the next turn begins without any"


async def test_only_what_a_client_asked_for() -> None:
    """Without the option nothing is analysed; with it, only the types and the confidence that the client wants."""
    assert await sent(client(wants=False), interim(TASK)) == []
    assert not interim_insights._searches
    questions = View(insight_types=frozenset({"question"}))
    assert await sent(client(questions), interim(TASK)) == [[]]
    assert await sent(client(View(confidence_threshold=1.0)), interim(TASK)) == [[]]


async def test_clients_share_one_analysis_and_a_deletion_drops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of a deleted conversation are not kept."""
    calls: list[str] = []
    find = interim_insights._find

    def counted(update: TranscriptUpdate) -> interim_insights.Found:
        calls.append(update.text)
        return find(update)

    monkeypatch.setattr(interim_insights, "_find", counted)
    update = interim(TASK)
    one, other = await asyncio.gather(sent(client(), update), sent(client(), update))
    assert one == other
    assert len(calls) == 1
    assert interim_insights._cached() == {1}
    derived.forget(1)
    assert not interim_insights._searches


async def test_other_languages_and_errors(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """German has its rules, a language without rules none; an error is logged without words."""
    assert await sent(client(), interim("Kannst du den Kunden morgen anrufen?", language="de-DE")) != []
    assert await sent(client(), interim(TASK, language="auto")) == []

    def failing(*_: object) -> None:
        raise ValueError(TASK)

    monkeypatch.setattr(interim_insights.analysis, "analyse", failing)
    with caplog.at_level(logging.ERROR):
        assert await sent(client(), interim(TASK)) == []
    assert "ValueError at" in caplog.text
    assert "report" not in caplog.text
