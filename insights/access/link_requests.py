"""Requests for links that people wait for where no mail can be sent; an administrator passes the links on."""

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.utils import timezone

from insights.models import LinkRequest

SHOWN_FOR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request with its account. `address`: the row to confirm; None for a new password, or once none is unconfirmed."""

    request: LinkRequest
    address: EmailAddress | None


def note_request(user: User, kind: str) -> None:
    """Store that an account waits for a link; a later request replaces an earlier one."""
    LinkRequest.objects.update_or_create(user=user, kind=kind, defaults={"requested_at": timezone.now()})


def answered(user_id: int, kind: str) -> None:
    """Remove the request of an account whose link was used."""
    LinkRequest.objects.filter(user_id=user_id, kind=kind).delete()


def dismiss(request_id: int) -> bool:
    """Remove a request without answering it; return False if there is none."""
    return LinkRequest.objects.filter(pk=request_id).delete()[0] > 0


def waiting() -> list[WaitingRequest]:
    """Return the recent requests with their accounts, newest first. Two queries."""
    found = list(LinkRequest.objects.filter(requested_at__gt=timezone.now() - SHOWN_FOR).select_related("user").order_by("-requested_at"))
    unconfirmed = EmailAddress.objects.filter(user__in=[one.user_id for one in found], verified=False)
    by_user = {address.user_id: address for address in unconfirmed}
    return [WaitingRequest(one, None if one.kind == LinkRequest.RESET else by_user.get(one.user_id)) for one in found]
