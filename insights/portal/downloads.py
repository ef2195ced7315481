"""Download a conversation as a file: a text transcript, or JSON with all stored data."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.text import slugify

from insights import exports, queries
from insights.insight_kinds import kind_of
from insights.models import Conversation, Insight, Member, Message
from insights.portal.listing import UNKNOWN, begins_turn, local, shown_name
from insights.portal.wording import clock

TYPES = {"txt": "text/plain; charset=utf-8", "json": "application/json"}


@login_required
def download(request: HttpRequest, conversation_id: int, form: str) -> HttpResponseBase:
    """Return a streamed file of one of the user's own conversations; 404 for any other."""
    account = int(request.user.pk or 0)
    one = queries.conversation_for(account, conversation_id)
    if one is None or form not in TYPES:
        raise Http404
    pieces = exports.as_json([one]) if form == "json" else as_text(one)
    name = f"{slugify(one.name)[:60] or one.pk}.{form}"
    return exports.answer(request, pieces, TYPES[form], name, lambda: queries.conversation_for(account, conversation_id) is not None)


def as_text(conversation: Conversation) -> Iterator[str]:
    """Yield a text: title, transcript and insights, without rejected ones; times are in the conversation's time zone."""
    members = list(queries.members_of(conversation))
    begun = local(conversation.started_at, conversation.timezone_offset)
    yield f"{shown_name(conversation, [str(member) for member in members])}\n{begun:%d %B %Y, %H:%M}\n"
    yield from _said(conversation, members)
    found = queries.insights_of(conversation).exclude(review=Insight.Review.REJECTED)
    title = "\nInsights\n"
    for batch in queries.in_batches(found, *queries.INSIGHT_ORDER):
        yield title + "".join(_line(one, conversation) for one in batch)
        title = ""


def _said(conversation: Conversation, members: list[Member]) -> Iterator[str]:
    names = {member.id: str(member) for member in members}
    first: Message | None = None
    for batch in queries.in_batches(queries.transcript_of(conversation, 0, conversation.message_count), "number"):
        text = ""
        for message in batch:
            if first is None or begins_turn(first, message):
                first = message
                text += f"\n{names.get(message.member_id, UNKNOWN) if message.member_id else UNKNOWN} [{clock(message.offset_s)}]\n"
            text += f"{message.text}\n"
        yield text


def _line(insight: Insight, conversation: Conversation) -> str:
    """Return the line of one insight: `- Action item: text (Ada, 0:24, for Bob, due 6 March 2026)`."""
    facts = [str(insight.message.member or UNKNOWN), clock(insight.message.offset_s)]
    if who := insight.assignee or insight.assignee_name:
        facts.append(f"for {who}")
    if insight.due_at:
        facts.append(f"due {local(insight.due_at, conversation.timezone_offset):%d %B %Y}")
    return f"- {kind_of(insight.type).label}: {insight.text} ({', '.join(facts)})\n"
