"""What was deleted, by whom and when: a list without content that nobody can change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from insights.admin.bases import AnyBase
from insights.admin.roles import ForAdministrators
from insights.models import Deletion


@admin.register(Deletion)
class DeletionAdmin(ForAdministrators, AnyBase):
    """The list of deletions."""

    list_display = ("at", "kind", "conversation_id", "item_id", "owner_id", "user", "counts")
    list_filter = ("kind", "at")
    list_select_related = ("user",)
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = list_display

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: only deletions add rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the list cannot be changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the list cannot be changed."""
        return False
