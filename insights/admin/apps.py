"""Apps: list, rename and revoke them. Revoking takes effect at once."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from insights.admin.bases import AppBase, Titled, time_element
from insights.admin.roles import ForAdministrators
from insights.models import App


@admin.register(App)
class AppAdmin(ForAdministrators, Titled, AppBase):
    """The list of apps. Apps cannot be added here: `manage.py createapp` and the account page show the secret of a new one once."""

    list_title, change_title = gettext_lazy("Apps"), gettext_lazy("App")
    list_display = ("name", "owner", "identity", "made", "used", "revoked_on")
    list_filter = (("owner", admin.RelatedOnlyFieldListFilter), "created_at")
    search_fields = ("name", "app_id", "owner__email")
    fields = ("name", "owner", "app_id", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    readonly_fields = ("owner", "app_id", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    @admin.display(description=gettext_lazy("App id"), ordering="app_id")
    def identity(self, app: App) -> str:
        """Return the first characters of the id, as on the account page."""
        return f"{app.app_id[:8]}…"

    @admin.display(description=gettext_lazy("Created"), ordering="created_at")
    def made(self, app: App) -> SafeString | str:
        """Return when it was created."""
        return time_element(app.created_at)

    @admin.display(description=gettext_lazy("Last used"), ordering="last_used_at")
    def used(self, app: App) -> SafeString | str:
        """Return when it was last used."""
        return time_element(app.last_used_at)

    @admin.display(description=gettext_lazy("Revoked"), ordering="revoked_at")
    def revoked_on(self, app: App) -> SafeString | str:
        """Return when it was revoked."""
        return time_element(app.revoked_at)

    @admin.action(description=gettext_lazy("Revoke the selected apps"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[App]) -> None:
        """Revoke the secrets and all tokens of these apps."""
        count = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, gettext("%(number)d revoked.") % {"number": count}, messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a form of the admin could not show the secret."""
        return False
