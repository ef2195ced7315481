"""Apps: who has which, since when; revoking one shuts its program out at once."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from insights.admin.bases import AppBase, Titled, moment
from insights.models import App


@admin.register(App)
class AppAdmin(Titled, AppBase):
    """Apps are made by `manage.py createapp`, which shows the secret once; here they are seen, renamed and revoked."""

    list_title, change_title = "Apps", "App"
    list_display = ("name", "owner", "identity", "made", "revoked_on")
    list_filter = (("owner", admin.RelatedOnlyFieldListFilter), "created_at")
    search_fields = ("name", "app_id", "owner__email")
    fields = ("name", "owner", "app_id", "created_at", "revoked_at")
    readonly_fields = ("owner", "app_id", "created_at", "revoked_at")
    actions = ("revoke",)

    @admin.display(description="App id", ordering="app_id")
    def identity(self, app: App) -> str:
        """Return the beginning of the id, as on the account page: enough to tell apps apart."""
        return f"{app.app_id[:8]}…"

    @admin.display(description="Made", ordering="created_at")
    def made(self, app: App) -> SafeString | str:
        """Return when it was made."""
        return moment(app.created_at)

    @admin.display(description="Revoked", ordering="revoked_at")
    def revoked_on(self, app: App) -> SafeString | str:
        """Return since when it is worth nothing."""
        return moment(app.revoked_at)

    @admin.action(description="Revoke the selected apps", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[App]) -> None:
        """Accept neither the secret nor any token of these apps from now on."""
        count = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} revoked.", messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A form could not show the secret."""
        return False
