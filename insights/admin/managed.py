"""Lists of what accounts manage over the API: trackers, custom entities and groups. They are changed over the API, by their owners."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from insights.admin.bases import AnyBase, Titled
from insights.admin.roles import ForAdministrators
from insights.models import AccountEntity, AccountTracker, ConversationGroup


class ReadOnly(ForAdministrators, Titled, AnyBase):
    """A list that shows and does not change."""

    list_filter = (("owner", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("owner",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


@admin.register(AccountTracker)
class TrackerAdmin(ReadOnly):
    """The trackers of all accounts."""

    list_title, change_title = gettext_lazy("Trackers"), gettext_lazy("Tracker")
    list_display = ("name", "owner", "phrases", "created_at")
    search_fields = ("name", "owner__email")

    @admin.display(description=gettext_lazy("Phrases"))
    def phrases(self, tracker: AccountTracker) -> int:
        """Return how many phrases it has."""
        return len(tracker.vocabulary)


@admin.register(AccountEntity)
class EntityAdmin(ReadOnly):
    """The custom entities of all accounts."""

    list_title, change_title = gettext_lazy("Custom entities"), gettext_lazy("Custom entity")
    list_display = ("type", "sub_type", "category", "owner", "created_at")
    search_fields = ("type", "sub_type", "owner__email")


@admin.register(ConversationGroup)
class GroupAdmin(ReadOnly):
    """The groups of conversations of all accounts."""

    list_title, change_title = gettext_lazy("Groups"), gettext_lazy("Group")
    list_display = ("name", "criteria", "owner", "created_at")
    search_fields = ("name", "owner__email")
