"""Invitations to a live conversation: the dialog of its owner, and the page on which those who are invited join under their own name."""

import uuid

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from insights import access, queries
from insights.access import LinkState, SharingError, TooManyLinks
from insights.models import Conversation, ShareLink
from insights.names import clean_name
from insights.portal.live import Visit, live_page, possible
from insights.portal.public import gone, private
from insights.portal.sharing import TOO_MANY_LINKS, is_part, link_id, link_row
from insights.portal.template_context import TemplateContext

GUEST_COOKIE = "parley_guest"
KINDS = (ShareLink.Kind.SPEAK, ShareLink.Kind.WATCH)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def invitations(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Show the user's invitations to a live conversation of their own, create and withdraw them."""
    if not possible(connection_id) or not isinstance(request.user, User):
        raise Http404
    done, wrong = "", ""
    if request.method == "POST":
        try:
            done = _change(request.user, connection_id, request)
        except SharingError as error:
            wrong = str(error)
        except TooManyLinks:
            wrong = str(TOO_MANY_LINKS)
    context = {
        "connection_id": connection_id,
        "links": [link_row(request, link) for link in access.invitations(request.user.pk, connection_id)],
        "done": done,
        "wrong": wrong,
    }
    template = "portal/_invitations.html" if is_part(request) else "portal/invitations.html"
    return render(request, template, context, status=400 if wrong else 200)


def _change(user: User, connection_id: str, request: HttpRequest) -> str:
    """Create or withdraw an invitation; return what was done. Raises SharingError and TooManyLinks."""
    if withdrawn := request.POST.get("withdraw", ""):
        access.withdraw_link(user.pk, link_id(withdrawn))
        return _("Invitation withdrawn. Everybody who joined with it is disconnected within seconds.")
    kind = request.POST.get("kind", "")
    if kind not in KINDS:
        raise SharingError(_("Choose whether people may speak or only watch."))
    access.invite(user.pk, connection_id, ShareLink.Kind(kind), guests=request.POST.get("guests") == "on")
    return _("Invitation created. Copy the link and send it.")


@require_http_methods(["GET", "POST"])
@never_cache
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Let somebody in who was invited; 410 for an invitation that was valid, 404 for any other address."""
    link = access.link_of(secret, *KINDS)
    if link is None:
        raise Http404
    if (state := access.state_of(link)) is not LinkState.VALID:
        return gone(request, state)
    if isinstance(request.user, User):
        return private(_with_account(request, request.user, link, secret), forms=True)
    return private(_as_guest(request, link, secret), forms=True) if link.guests else redirect_to_login(request.path)


def _with_account(request: HttpRequest, user: User, link: ShareLink, secret: str) -> HttpResponse:
    watching = link.kind == ShareLink.Kind.WATCH
    if user.pk == link.owner_id:
        return redirect("watch" if watching else "live", connection_id=link.connection_id)
    conversation = access.invited_to(link)
    if conversation is None:
        return _not_live(request, link, _ended(user, link))
    try:
        if not access.keep_for(conversation, user, link):
            return gone(request, LinkState.WITHDRAWN)
    except SharingError as error:
        return render(request, "portal/link_gone.html", {"text": error}, status=403)
    person = access.person_of(user)
    query = {"conversation": str(conversation.pk), "invitation": secret}
    return live_page(request, Visit(conversation, person, query, watching=watching, keeps=True))


def _as_guest(request: HttpRequest, link: ShareLink, secret: str) -> HttpResponse:
    """Ask a guest for a name, which a signed cookie keeps for this address, then show the live page."""
    if request.method == "POST":
        name = clean_name(request.POST.get("name", ""), access.LONGEST_GUEST_NAME)
        if not name:
            return render(request, "portal/join.html", {"link": link, "wrong": _("Enter a name that the others will see.")}, status=400)
        response = redirect("join", secret=secret)
        token = access.guest_token(link, uuid.uuid4().hex, name)
        response.set_cookie(
            GUEST_COOKIE, token, access.GUEST_S, path=request.path, secure=request.is_secure(), httponly=True, samesite="Lax"
        )
        return response
    token = request.COOKIES.get(GUEST_COOKIE, "")
    guest = access.guest_of(token)
    if guest is None or guest.link_id != link.pk:
        return render(request, "portal/join.html", {"link": link, "next": request.path})
    conversation = access.invited_to(link)
    if conversation is None:
        return _not_live(request, link, None)
    person = access.EnteringPerson(f"guest:{guest.id}", guest.name)
    watching = link.kind == ShareLink.Kind.WATCH
    return live_page(request, Visit(conversation, person, {"guest": token}, watching=watching, keeps=False))


def _not_live(request: HttpRequest, link: ShareLink, ended: Conversation | None) -> HttpResponse:
    context: TemplateContext = {"ended": ended, "host": access.person_of(link.owner).name}
    response = render(request, "portal/join_waiting.html", context)
    if ended is None:
        response.headers["Refresh"] = "4"
    return response


def _ended(user: User, link: ShareLink) -> Conversation | None:
    """Return the last conversation of the invitation if it has ended and the user may see it."""
    found = queries.visible_to(user.pk, queries.Shown.SHARED).filter(owner_id=link.owner_id, connection_id=link.connection_id)
    return found.exclude(ended_at=None).first()
