"""How somebody else than the owner enters a live conversation: by a share, by an invitation, or as a guest."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.contrib.auth.models import User

from insights.access.grants import Grant
from insights.access.links import INVITATION_KINDS, LinkState, guest_of, link_of, state_of, usable_links
from insights.access.sharing import access_of
from insights.ids import id_number
from insights.models import AccessLevel, Conversation, ShareLink


@dataclass(frozen=True, slots=True)
class EnteringPerson:
    """Who enters: an account, or a guest. `user_id` identifies the member in the conversation."""

    user_id: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """The conversation of somebody else, the person who enters, and the grant by which the connection stays open."""

    conversation: Conversation
    person: EnteringPerson
    grant: Grant


def person_of(user: User) -> EnteringPerson:
    """Return an account as others see it in a conversation."""
    return EnteringPerson(user.get_username(), user.get_full_name() or user.get_username().split("@")[0], user.email)


def person_with_id(user_id: int) -> EnteringPerson:
    """Return the account with an id, as others see it."""
    user = User.objects.filter(pk=user_id).first()
    return person_of(user) if user else EnteringPerson(str(user_id), "A deleted account")


def enter(by: Grant | None, query: Mapping[str, str], *, speaking: bool) -> Entry | None:
    """Return the entry that the query of a connection asks for, None if it is not allowed.

    `conversation`: an id. `guest`: the text that a guest got. `invitation`: the secret of an invitation, for somebody with an account. Its
    page has given that person a share (`keep_for`), without which it is not valid: a page that reconnects must not undo a removal.
    """
    if "guest" in query:
        return _as_guest(query["guest"], speaking)
    conversation = _conversation(query.get("conversation", ""))
    if by is None or conversation is None or (user := User.objects.filter(pk=by.user_id, is_active=True).first()) is None:
        return None
    level = AccessLevel.EDIT if speaking else AccessLevel.READ
    link = _invitation(query.get("invitation", ""), conversation, speaking)
    if (access_of(user, conversation) or 0) < (level if link is None else AccessLevel.READ):
        return None
    limited = replace(by, conversation_id=conversation.pk, level=level, link_id=link.pk if link else None)
    return Entry(conversation, person_of(user), limited)


def invited_to(link: ShareLink) -> Conversation | None:
    """Return the live conversation of an invitation, None while there is none."""
    return Conversation.objects.filter(owner_id=link.owner_id, connection_id=link.connection_id, ended_at=None).first()


def _as_guest(token: str, speaking: bool) -> Entry | None:
    guest = guest_of(token)
    if guest is None or not usable_links({(guest.link_id, True)}):
        return None
    kinds = (ShareLink.Kind.SPEAK,) if speaking else INVITATION_KINDS
    link = ShareLink.objects.filter(pk=guest.link_id, kind__in=kinds).first()
    conversation = invited_to(link) if link is not None else None
    if link is None or conversation is None:
        return None
    level = AccessLevel.EDIT if speaking else AccessLevel.READ
    limited = Grant(link.owner_id, conversation_id=conversation.pk, level=level, link_id=link.pk, guest=True)
    return Entry(conversation, EnteringPerson(f"guest:{guest.id}", guest.name), limited)


def _invitation(secret: str, conversation: Conversation, speaking: bool) -> ShareLink | None:
    """Return the valid invitation to this conversation, None once it has ended: a later one with its connection id is another one."""
    if not secret or conversation.ended_at is not None:
        return None
    link = link_of(secret, *((ShareLink.Kind.SPEAK,) if speaking else INVITATION_KINDS))
    if link is None or state_of(link) is not LinkState.VALID:
        return None
    same = (link.owner_id, link.connection_id) == (conversation.owner_id, conversation.connection_id)
    return link if same else None


def _conversation(text: str) -> Conversation | None:
    number = id_number(text)
    return Conversation.objects.filter(pk=number).first() if number else None
