"""The devices on which an account is signed in: one row for each sign-in (a session of Django), and its end."""

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from insights.access.grants import signed_in_users
from insights.database import write_transaction

SEEN_S = 600
"""How exactly the time of the last use is known, so that not every request writes a row."""
NO_ADDRESS = "0.0.0.0"  # noqa: S104 - stands for a client whose address is not known
_SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))


@dataclass(frozen=True, slots=True)
class Device:
    """A sign-in: what it is called, from where and when it was used, and whether it is the one that asks."""

    id: int
    name: str
    address: str
    signed_in_at: datetime
    seen_at: datetime
    is_current: bool


def note_device(request: HttpRequest, user: User) -> bool:
    """Store that an account was used from the device of a request; return False if the database cannot be written."""
    try:
        UserSession.objects.create_from_request(request, user=user, session=request.session)
    except DatabaseError:
        return False
    return True


def devices_of(user: User, current_key: str) -> list[Device]:
    """Return the valid sign-ins of an account, the current one first, then by last use. Three queries."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk"))
    sessions = Session.objects.filter(session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now())
    valid = {key for key, owner in signed_in_users(sessions).items() if owner.pk == user.pk}
    devices = [
        Device(
            row.pk,
            name_of(row.user_agent),
            "" if row.ip == NO_ADDRESS else row.ip,
            row.created_at,
            row.last_seen_at,
            row.session_key == current_key,
        )
        for row in rows
        if row.session_key in valid
    ]
    return sorted(devices, key=lambda device: not device.is_current)


def sign_out_device(user: User, device_id: int) -> bool:
    """End a sign-in of an account, with what it has open; return False if it has no such sign-in."""
    row = UserSession.objects.filter(user=user, pk=device_id).first()
    if row is None:
        return False
    _end([row.session_key])
    return True


def sign_out_other_devices(user: User, current_key: str) -> None:
    """End all other sign-ins of an account."""
    others = UserSession.objects.filter(user=user).exclude(session_key=current_key)
    _end(list(others.values_list("session_key", flat=True)))


def name_of(user_agent: str) -> str:
    """Return the browser and the system that a User-Agent header names, such as “Firefox on Windows”."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), _("Unknown browser"))
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser


def _end(keys: list[str]) -> None:
    with write_transaction():
        Session.objects.filter(session_key__in=keys).delete()
        UserSession.objects.filter(session_key__in=keys).delete()
