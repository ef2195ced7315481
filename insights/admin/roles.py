"""Who may use which page of the admin: administrators see accounts and metadata, reviewers see words."""

from typing import Any, ClassVar

from django.http import HttpRequest

from insights import access
from insights.access import ADMINISTRATOR, REVIEWER
from insights.admin.bases import OptionsBase
from insights.models import Role

_ROLES = "parley_roles"


def roles_of_request(request: HttpRequest) -> frozenset[Role]:
    """Return the roles of the signed-in account; one query per request."""
    found = getattr(request, _ROLES, None)
    if found is None:
        found = access.roles_of(request.user)
        setattr(request, _ROLES, found)
    return found


def reviews(request: HttpRequest) -> bool:
    """Return whether the account may read and review the words of all conversations."""
    return REVIEWER in roles_of_request(request)


def administers(request: HttpRequest) -> bool:
    """Return whether the account may manage accounts and see the metadata of conversations."""
    return ADMINISTRATOR in roles_of_request(request)


class ForRole(OptionsBase):
    """Permissions by role instead of Django's own."""

    role: ClassVar[Role]

    def _allowed(self, request: HttpRequest) -> bool:
        return self.role in roles_of_request(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the account has the role."""
        return self._allowed(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the account has the role."""
        return self._allowed(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the account has the role."""
        return self._allowed(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the account has the role."""
        return self._allowed(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the account has the role."""
        return self._allowed(request)


class ForAdministrators(ForRole):
    """A page for administrators."""

    role = ADMINISTRATOR


class ForReviewers(ForRole):
    """A page with words of conversations, for reviewers."""

    role = REVIEWER
