"""The messages that tell what a conversation was about. Nothing is rewritten."""

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries
from insights.analysis.text.languages import knows
from insights.api import auth

router = Router(tags=["Summary"])


class MessageRef(Schema):
    """The message that a sentence of the summary is."""

    id: str


class SummaryOut(Schema):
    """One sentence of the summary."""

    id: str
    text: str
    messageRefs: list[MessageRef]


class SummaryList(Schema):
    """The summary in the order of speech; empty while nothing was said that could stand in it."""

    summary: list[SummaryOut]


@router.get("/v1/conversations/{conversation_id}/summary", response=SummaryList, summary="Read the summary")
def read_summary(request: HttpRequest, conversation_id: str, refresh: bool = False) -> SummaryList:
    """Answer at most five messages; `refresh` changes nothing, as a summary is always fresh."""
    conversation = auth.conversation(request, conversation_id)
    if not knows(conversation.language):
        return SummaryList(summary=[])
    chosen = queries.summary_of(conversation)
    return SummaryList(summary=[SummaryOut(id=identity, text=text, messageRefs=[MessageRef(id=identity)]) for identity, text in chosen])
