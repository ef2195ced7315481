"""The people page for administrators: accounts with their roles and usage, invitations, and links that accounts wait for."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailConfirmationHMAC
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import int_to_base36
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from insights import access, jobs, queries
from insights.access import account_invitations as invitations
from insights.access import link_requests, roles
from insights.access.account_invitations import AddressTaken
from insights.models import Invitation, LinkRequest, Role
from insights.portal.administrators import for_administrators
from insights.portal.forms import InviteForm
from insights.portal.signed_in import user_of

PER_PAGE = 50
USAGE_DAYS = 30
DONE = {"withdrawn": gettext_lazy("Invitation withdrawn. Its link no longer works."), "dismissed": gettext_lazy("Request removed.")}


@dataclass(frozen=True, slots=True)
class LinkToPassOn:
    """A link that somebody asked for, with their address. Mail would bring it; without mail an administrator passes it on."""

    request: LinkRequest
    address: str
    link: str


@require_GET
@for_administrators
def people(request: HttpRequest) -> HttpResponse:
    """List accounts, pending invitations and requested links; `?q=` searches names and addresses."""
    return _page(request, InviteForm(), done=DONE.get(request.GET.get("done", "")))


@require_POST
@for_administrators
def invite(request: HttpRequest) -> HttpResponse:
    """Create an invitation; send it by mail if that was chosen. Its link is shown."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 400)
    try:
        made = invitations.invite(user_of(request), form.cleaned_data["role"], form.cleaned_data["email"])
    except AddressTaken:
        form.add_error("email", _("There is an account with this address already."))
        return _page(request, form, 400)
    if made.email and settings.MAIL_CONFIGURED:
        send_invitation(request, made)
    return _page(request, InviteForm(), made=made, link=link_of(request, made))


@require_POST
@for_administrators
def withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw an invitation."""
    if not invitations.withdraw(invitation_id):
        raise Http404
    return redirect(f"{reverse('people')}?done=withdrawn")


@require_POST
@for_administrators
def dismiss(request: HttpRequest, request_id: int) -> HttpResponse:
    """Remove the request for a link without answering it."""
    if not link_requests.dismiss(request_id):
        raise Http404
    return redirect(f"{reverse('people')}?done=dismissed")


def link_of(request: HttpRequest, invitation: Invitation) -> str:
    """Return the link of an invitation."""
    return request.build_absolute_uri(reverse("invitation", args=[invitations.secret_of(invitation)]))


def reset_link(request: HttpRequest, user: User) -> str:
    """Return a link with which an account chooses a new password. It is valid once, for `PASSWORD_RESET_TIMEOUT` seconds."""
    parts = {"uidb36": int_to_base36(user.pk), "key": default_token_generator.make_token(user)}
    return request.build_absolute_uri(reverse("account_reset_password_from_key", kwargs=parts))


def send_invitation(request: HttpRequest, invitation: Invitation) -> None:
    """Enqueue the mail with the link of an invitation to its address."""
    days = settings.INVITATION_DAYS
    name = user_of(request).get_full_name() or user_of(request).get_username()
    text = ngettext(
        "%(name)s invites you to Parley at %(host)s. Open this link within %(days)s day to create your account:",
        "%(name)s invites you to Parley at %(host)s. Open this link within %(days)s days to create your account:",
        days,
    ) % {"name": name, "host": request.get_host(), "days": days}
    jobs.send_mail([invitation.email], _("Parley: invitation"), f"{text}\n\n{link_of(request, invitation)}\n")
    invitation.mailed = True
    invitation.save(update_fields=["mailed"])


def _page(request: HttpRequest, form: InviteForm, status: int = 200, **parts: Any) -> HttpResponse:
    page = Paginator(access.accounts_matching(request.GET.get("q", "")), PER_PAGE).get_page(request.GET.get("page"))
    accounts = list(page)
    usage = queries.usage_since(timezone.now() - timedelta(days=USAGE_DAYS))
    their_roles = roles.roles_by_account(accounts)
    rows = [{"account": one, "roles": _given(their_roles[one.pk]), "usage": usage.get(one.pk, queries.Usage())} for one in accounts]
    waiting = invitations.pending_invitations()
    pending = [
        {"invitation": one, "link": link_of(request, one), "state": invitations.state_of(one), "role": Role(one.role).label}
        for one in waiting
    ]
    context = {"page": page, "rows": rows, "q": request.GET.get("q", ""), "form": form, "pending": pending, "days": USAGE_DAYS}
    return render(request, "portal/people/people.html", {**context, "requests": _requests(request), **parts}, status=status)


def _given(held: frozenset[Role]) -> list[str]:
    return [str(role.label) for role in (access.REVIEWER, access.ADMINISTRATOR) if role in held]


def _requests(request: HttpRequest) -> list[LinkToPassOn]:
    """Return the links that accounts wait for. They are computed and not stored."""
    shown = []
    for waiting in link_requests.waiting():
        one = waiting.request
        if one.kind == LinkRequest.RESET:
            shown.append(LinkToPassOn(one, one.user.username, reset_link(request, one.user)))
        elif waiting.address is not None:
            path = reverse("account_confirm_email", args=[EmailConfirmationHMAC(waiting.address).key])
            shown.append(LinkToPassOn(one, waiting.address.email, request.build_absolute_uri(path)))
    return shown
