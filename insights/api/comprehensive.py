"""Comprehensive action items: each with the sentences before it that its speaker said in one go, so that it can be understood alone."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from insights import queries
from insights.api.insights import InsightEntity, insight_json
from insights.api.member_json import Person, SpeakerRef
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.redaction import Redaction, redactor
from insights.api.shapes import Phrase, Shape, shape_of
from insights.api.summary import MessageRef
from insights.insight_kinds import ACTION_ITEM
from insights.json_text import array_of
from insights.models import Conversation, Insight
from insights.redaction import Redactor

router = Router(tags=["Insights"])


class ComprehensiveOut(Schema):
    """An action item with its context. `text`: the sentences of `messageRefs`; the last one is the action item itself."""

    id: str
    text: str
    type: str
    score: float
    messageRefs: list[MessageRef]
    from_: SpeakerRef = Field(serialization_alias="from")
    entities: list[InsightEntity]
    phrases: list[Phrase | str]
    definitive: bool
    assignee: Person
    dueBy: str | None = None


class ComprehensiveList(Schema):
    """Comprehensive action items in order."""

    actionItems: list[ComprehensiveOut]


@router.get(
    "/v1/conversations/{conversation_id}/comprehensive/action-items",
    response=responses(ComprehensiveList),
    by_alias=True,
    exclude_none=True,
    summary="List comprehensive action items",
)
def list_comprehensive_action_items(
    request: HttpRequest, conversation_id: str, part: Query[Part], redaction: Query[Redaction], shape: Shape | None = None
) -> HttpResponseBase:
    """Return the action items with up to two sentences before each that the same speaker said in one go, without rejected ones."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        hidden, chosen = redactor(conversation, redaction), shape_of(request, shape)
        rows = queries.insights_of(conversation, ACTION_ITEM.name)
        kept = rows.exclude(review=Insight.Review.REJECTED)
        batches = queries.in_batches(kept, *queries.INSIGHT_ORDER, after=item_after(rows, part), most=part.limit)
        return array_of((_shown(batch, chosen, hidden) for batch in batches), lambda form: form, '{"actionItems": [', "]}")

    return of_conversation(request, conversation_id, pieces)


def _shown(batch: list[Insight], shape: Shape, redactor: Redactor | None) -> list[dict[str, object]]:
    """Return the ComprehensiveOut of each insight."""
    before = queries.said_just_before([row.message for row in batch])
    shown = []
    for row in batch:
        said = [] if row.original_text else before.get(row.message_id, [])
        form = insight_json(row, shape, redactor, "".join(f"{text} " for _, text in said))
        del form["messageIds"]
        form["messageRefs"] = [{"id": str(identity)} for identity in (*(identity for identity, _ in said), row.message_id)]
        shown.append(form)
    return shown
