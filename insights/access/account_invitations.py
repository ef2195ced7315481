"""Invitations: a link with which a person creates an account that has a role.

The link holds the id of the invitation and its signature with SECRET_KEY: it can be shown again and is not stored. Only a link that was
valid gets the answer that it has expired, was withdrawn or was used.
"""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.utils import timezone

from insights.access.addresses import confirm_address, is_taken
from insights.access.roles import grant_role
from insights.database import write_transaction
from insights.models import Invitation, Role
from insights.names import clean_name

State = Literal["pending", "expired", "withdrawn", "used"]


class NotPending(Exception):
    """The invitation has expired, was withdrawn or was used."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state


class AddressTaken(Exception):
    """Another account signs in with this address."""


def invite(by: User, role: Role, email: str = "") -> Invitation:
    """Create an invitation to an account with a role. Raises AddressTaken."""
    if email and is_taken(email):
        raise AddressTaken
    expires_at = timezone.now() + timedelta(days=settings.INVITATION_DAYS)
    return Invitation.objects.create(email=email.lower(), role=role, invited_by=by, expires_at=expires_at)


def secret_of(invitation: Invitation) -> str:
    """Return the secret part of the link."""
    return _signer().sign(invitation.pk.hex)


def invitation_of(secret: str) -> Invitation | None:
    """Return the invitation of a link; None if this server made no such link."""
    try:
        identity = UUID(_signer().unsign(secret))
    except (BadSignature, ValueError):
        return None
    return Invitation.objects.filter(pk=identity).first()


def state_of(invitation: Invitation) -> State:
    """Return whether an invitation can be accepted, else why not."""
    if invitation.accepted_at is not None:
        return "used"
    if invitation.withdrawn_at is not None:
        return "withdrawn"
    return "pending" if invitation.expires_at > timezone.now() else "expired"


def pending_invitations() -> list[Invitation]:
    """Return the invitations that can still be accepted or have expired unused within the last month, newest first."""
    recent = timezone.now() - timedelta(days=30)
    unused = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=recent)
    return list(unused.select_related("invited_by"))


def withdraw(invitation_id: UUID) -> bool:
    """Withdraw an invitation; return False if there is none that was not used."""
    unused = Invitation.objects.filter(pk=invitation_id, accepted_at=None, withdrawn_at=None)
    return unused.update(withdrawn_at=timezone.now()) > 0


def accept(invitation: Invitation, name: str, email: str, password: str) -> User:
    """Create the account of an invitation. Raises NotPending and AddressTaken.

    The address of the invitation counts as confirmed, since its link reached the person; another one only where no mail can be sent.
    """
    with write_transaction():
        locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if (state := state_of(locked)) != "pending":
            raise NotPending(state)
        address = (locked.email or email).lower()
        if is_taken(address):
            raise AddressTaken
        user = User.objects.create_user(address, address, password, first_name=clean_name(name, 150))
        if locked.email or not settings.MAIL_CONFIGURED:
            confirm_address(user)
        else:
            EmailAddress.objects.create(user=user, email=address, primary=True, verified=False)
        grant_role(user, Role(locked.role), locked.invited_by_id)
        locked.accepted_at, locked.accepted_by = timezone.now(), user
        locked.save(update_fields=["accepted_at", "accepted_by"])
    return user


def _signer() -> Signer:
    return Signer(sep=".", salt="insights.access.account_invitations")
