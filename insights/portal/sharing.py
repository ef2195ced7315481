"""Sharing a conversation: with people, with teams, and by a public link. Only for its owner."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from insights import access, notifications, queries
from insights.access import SharingError, TooManyLinks
from insights.exports.titles import shown_name
from insights.ids import id_number
from insights.models import AccessLevel, Conversation, Share, ShareLink
from insights.models.sharing import SHARED_LEVELS
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

DAYS = {"1": gettext_lazy("1 day"), "7": gettext_lazy("7 days"), "30": gettext_lazy("30 days"), "90": gettext_lazy("90 days")}
TOO_MANY_LINKS = gettext_lazy("There are too many links already. Withdraw some first.")


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link as it is shown to its owner. `page`: the name of the summary page that it leads to, empty for other links."""

    id: UUID
    url: str
    kind: str
    expires_at: datetime
    audio: bool
    guests: bool
    page: str = ""


def link_row(request: HttpRequest, link: ShareLink) -> LinkRow:
    """Return a link with its full URL."""
    public = link.kind in access.PUBLIC_KINDS
    url = request.build_absolute_uri(reverse("shared" if public else "join", args=[access.secret_of(link)]))
    page = link.experience.name if public and link.experience else ""
    return LinkRow(link.pk, url, link.kind, link.expires_at, link.audio, link.guests, page)


def is_part(request: HttpRequest) -> bool:
    """Return whether a script asks for the part of a page that it shows in a dialog."""
    return request.headers.get("X-Part") == "1"


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def share(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Show with whom a conversation is shared, and change it. 404 for everybody but its owner."""
    one = queries.conversation_for(user_of(request).pk, conversation_id)
    if one is None or not access.may(request.user, one, AccessLevel.OWN):
        raise Http404
    done, wrong = "", ""
    if request.method == "POST":
        try:
            done = _change(one, request.POST)
        except SharingError as error:
            wrong = str(error)
        except TooManyLinks:
            wrong = str(TOO_MANY_LINKS)
        if not wrong and not is_part(request):
            return redirect("share", conversation_id=one.pk)
    return _answer(request, one, done, wrong)


def _answer(request: HttpRequest, one: Conversation, done: str, wrong: str) -> HttpResponse:
    links = [link_row(request, link) for link in access.public_links(one)]
    context: TemplateContext = {
        "conversation": one,
        "title": shown_name(one, [str(member) for member in queries.members_of(one)]),
        "shares": access.shares_of(one),
        "teams": access.teams_of(one.owner),
        "levels": SHARED_LEVELS,
        "links": [row for row in links if row.kind == ShareLink.Kind.PUBLIC],
        "summary_links": [row for row in links if row.kind == ShareLink.Kind.SUMMARY],
        "days": DAYS,
        "has_audio": queries.audio_of(one).exists(),
        "done": done,
        "wrong": wrong,
    }
    template = "portal/_share.html" if is_part(request) else "portal/share.html"
    return render(request, template, context, status=400 if wrong else 200)


def _change(one: Conversation, sent: QueryDict) -> str:
    """Carry out what a form asks for; return what was done. Raises SharingError and TooManyLinks."""
    match sent.get("do", ""):
        case "person":
            before = access.shares_of(one)
            _notify_of(access.share_with_person(one, sent.get("address", ""), _level(sent)), before)
            return _("Shared.")
        case "team":
            before = access.shares_of(one)
            _notify_of(access.share_with_team(one, id_number(sent.get("team", "")), _level(sent)), before)
            return _("Shared with the team.")
        case "remove":
            share_id = id_number(sent.get("share", ""))
            returns = access.may_return(one, share_id)
            access.unshare(one, share_id)
            if returns:
                return _("Access removed. Open pages close within seconds. To keep this person out, withdraw the invitation, too.")
            return _("Access removed. Open pages close within seconds.")
        case "link":
            days = sent.get("days", "")
            if days not in DAYS:
                raise SharingError(_("Choose how long the link is valid: %(days)s.") % {"days": ", ".join(map(str, DAYS.values()))})
            access.create_public_link(one, int(days), audio=sent.get("audio") == "on")
            return _("Link created. Anyone who has it can open the page.")
        case "withdraw":
            access.withdraw_link(one.owner_id, link_id(sent.get("link", "")))
            return _("Link withdrawn.")
        case _:
            raise SharingError(_("Nothing was changed. Reload the page and try again."))


def _notify_of(share: Share, before: list[Share]) -> None:
    """Mail people about a share, unless only its level changed."""
    if share not in before:
        notifications.notify_of_share(share)


def link_id(text: str) -> UUID:
    """Return the id of a link. Raises SharingError for a text that is none."""
    try:
        return UUID(text)
    except ValueError:
        raise SharingError(_("There is no such link.")) from None


def _level(sent: QueryDict) -> AccessLevel:
    """Return the level that a form names; one that it cannot give is refused where the share is stored."""
    number = id_number(sent.get("level", ""))
    return AccessLevel(number) if number in AccessLevel.values else AccessLevel.OWN
