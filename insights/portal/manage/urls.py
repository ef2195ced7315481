"""Routes below /settings/."""

from django.urls import path
from django.views.generic import RedirectView

from insights.portal.manage import apps, pages, webhooks
from insights.portal.manage.managed_kinds import KINDS

_WEBHOOK = "settings/webhooks/<uuid:webhook_id>/"

urlpatterns = [
    path("settings/", RedirectView.as_view(url="/settings/trackers/"), name="settings"),
    path("settings/vocabulary/", pages.vocabulary, name="vocabulary"),
    *(path(f"settings/{kind.name}/", pages.listing, {"kind": kind}, name=kind.name) for kind in KINDS),
    *(path(f"settings/{kind.name}/new/", pages.new, {"kind": kind}) for kind in KINDS),
    *(path(f"settings/{kind.name}/<str:identity>/", pages.edit, {"kind": kind}) for kind in KINDS),
    *(path(f"settings/{kind.name}/<str:identity>/delete/", pages.delete, {"kind": kind}) for kind in KINDS),
    path("settings/webhooks/", webhooks.listing, name="webhooks"),
    path(_WEBHOOK, webhooks.webhook, name="webhook"),
    path(f"{_WEBHOOK}log/", webhooks.log, name="webhook_log"),
    path(f"{_WEBHOOK}test/", webhooks.send_test, name="test_webhook"),
    path(f"{_WEBHOOK}active/", webhooks.set_active, name="set_webhook_active"),
    path(f"{_WEBHOOK}secret/", webhooks.rotate, name="rotate_webhook_secret"),
    path(f"{_WEBHOOK}delete/", webhooks.remove, name="remove_webhook"),
    path("settings/apps/<int:app_pk>/", apps.edit_app, name="edit_app"),
    path("settings/apps/<int:app_pk>/tokens/", apps.revoke_tokens, name="revoke_app_tokens"),
]
