"""Which accounts have a second factor. A password alone gets them no token.

The module that stores second factors registers its check here.
"""

from collections.abc import Callable

from django.contrib.auth.models import User

Check = Callable[[User], bool]
checks: list[Check] = []
"""Each returns whether an account has a second factor of one kind."""


def has_second_factor(user: User) -> bool:
    """Return whether an account has a second factor."""
    return any(check(user) for check in checks)
