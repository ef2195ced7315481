"""Notes on which devices an account is signed in: at sign-in, and then at most every ten minutes while it is used."""

import time

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from insights import access
from insights.access import devices
from insights.access.devices import SEEN_S
from insights.portal.function_middleware import GetResponse
from insights.portal.response_language import note_language

_NOTED = "parley_device"
TIME_ZONE = "parley_time_zone"
"""Name in the session of the account's time zone, so that pages need no query for it; other devices follow within ten minutes."""


def note_device(get_response: GetResponse) -> GetResponse:
    """Note the device of a signed-in request whose session the view has used; a request without a sign-in costs nothing."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        session = request.session
        if session.accessed and session.session_key and isinstance(user := request.user, User):
            key, at = session.get(_NOTED) or ("", 0)
            if key != session.session_key or not 0 <= time.time() - at < SEEN_S:
                _note(request, user)
        return response

    return middleware


def connect() -> None:
    """Note each sign-in."""
    user_logged_in.connect(_signed_in, dispatch_uid="note device")


def _signed_in(request: HttpRequest, user: User, **signal: object) -> None:
    _note(request, user)


def _note(request: HttpRequest, user: User) -> None:
    if not devices.note_device(request, user):
        return  # the page is returned even if the database cannot be written; the next request notes the device
    own = access.settings_of(user)
    request.session[TIME_ZONE] = own.time_zone
    note_language(request, own.language)
    request.session[_NOTED] = (request.session.session_key, int(time.time()))
