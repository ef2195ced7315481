"""What every template may show about the installation and the signed-in user."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from insights import access, queries
from insights.portal.devices import TIME_ZONE
from insights.portal.wording import initials

MOST_WAITING = 99


def installation(request: HttpRequest) -> dict[str, object]:
    """Return whether mail is configured, whether anybody may create an account, whether there are voice profiles, initials and
    time zone of the signed-in user, and for reviewers how many insights wait for a review.
    """

    def my_initials() -> str:
        user = getattr(request, "user", None)
        return initials(user.get_full_name() or user.get_username()) if user is not None and user.is_authenticated else ""

    def my_time_zone() -> str:
        user = getattr(request, "user", None)
        return str(request.session.get(TIME_ZONE, "")) if user is not None and user.is_authenticated else ""

    def waiting() -> str | None:
        user = getattr(request, "user", None)
        if user is None or not user.is_staff or not access.has_role(user, access.REVIEWER):
            return None
        number = queries.waiting_for(user.pk, MOST_WAITING + 1)
        return f"{MOST_WAITING}+" if number > MOST_WAITING else str(number)

    return {
        "mail_configured": settings.MAIL_CONFIGURED,
        "open_sign_up": settings.OPEN_SIGN_UP,
        "voice_profiles": settings.VOICE_PROFILES,
        "my_initials": SimpleLazyObject(my_initials),
        "to_review": SimpleLazyObject(waiting),
        "my_time_zone": SimpleLazyObject(my_time_zone),
    }
