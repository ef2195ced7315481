"""The extractive summary of a conversation: some of its messages, unchanged."""

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries
from insights.analysis.text.languages import knows
from insights.api import auth
from insights.api.paging import refuse_redaction, responses

router = Router(tags=["Summary"])


class MessageRef(Schema):
    """The message that a sentence of the summary comes from."""

    id: str


class SummaryOut(Schema):
    """One sentence of the summary."""

    id: str
    text: str
    messageRefs: list[MessageRef]


class SummaryList(Schema):
    """The sentences of the summary in the order of speech; empty while no message is suitable."""

    summary: list[SummaryOut]


@router.get("/v1/conversations/{conversation_id}/summary", response=responses(SummaryList), summary="Get the summary")
def read_summary(request: HttpRequest, conversation_id: str, refresh: bool = False) -> SummaryList:
    """Return at most five messages that summarise the conversation. `refresh` has no effect: the summary is always up to date."""
    refuse_redaction(request)
    conversation = auth.conversation(request, conversation_id)
    if not knows(conversation.language):
        return SummaryList(summary=[])
    chosen = queries.summary_of(conversation)
    return SummaryList(summary=[SummaryOut(id=identity, text=text, messageRefs=[MessageRef(id=identity)]) for identity, text in chosen])
