"""The webhooks of the account: create, change and remove them, send a test message, rotate the secret, and read the delivery log."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from insights import reason_words, webhooks
from insights.models import WebhookEndpoint
from insights.portal.account import part
from insights.portal.manage.webhook_forms import WebhookForm
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

HERE = "/settings/webhooks/"
LOGGED = 25
"""Deliveries on one page of a log."""
DONE = {
    "saved": gettext_lazy("Webhook saved."),
    "deleted": gettext_lazy("Webhook deleted."),
    "started": gettext_lazy("Webhook activated."),
    "stopped": gettext_lazy("Webhook deactivated."),
    "test": gettext_lazy("Test message queued. The log shows its response."),
}


def endpoint_of(request: HttpRequest, webhook_id: UUID) -> WebhookEndpoint:
    """Return a webhook of the signed-in user; 404 for any other."""
    found = webhooks.endpoint_of(user_of(request).pk, webhook_id)
    if found is None:
        raise Http404
    return found


def done(request: HttpRequest) -> str | Promise | None:
    """Return the confirmation of the last action."""
    return DONE.get(request.GET.get("done", ""))


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def listing(request: HttpRequest) -> HttpResponse:
    """List the webhooks, and create one, whose secret is then shown once."""
    owner_id = user_of(request).pk
    context: TemplateContext = {"form": WebhookForm(), "done": done(request)}
    status = 200
    if request.method == "POST":
        form = context["form"] = WebhookForm(request.POST)
        try:
            if form.is_valid():
                values = form.changes()
                made = webhooks.create_endpoint(owner_id, values.url or "", values.events or (), values.description or "")
                return _detail(request, made, {"secret": webhooks.secret_of(made), "made": True})
        except webhooks.TooManyWebhooks as error:
            form.add_error(None, reason_words.as_sentence(str(error)))
        status = 400
    return part(request, "webhooks", context | {"webhooks": list(webhooks.endpoints_of(owner_id))}, status)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Show a webhook with its log, and change it."""
    endpoint = endpoint_of(request, webhook_id)
    if request.method != "POST":
        return _detail(request, endpoint, {"done": done(request)})
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _detail(request, endpoint, {"form": form}, 400)
    webhooks.change_endpoint(endpoint, form.changes())
    return redirect(f"{HERE}{webhook_id}/?done=saved")


@require_GET
@login_required
@never_cache
def log(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Return the log alone, which htmx requests again while a delivery is pending; `before` is a delivery's id."""
    endpoint = endpoint_of(request, webhook_id)
    return render(request, "portal/account/_deliveries.html", {"webhook": endpoint, **_log(request, endpoint)})


@require_POST
@login_required
def send_test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Send a test message, once, to an active webhook."""
    endpoint = endpoint_of(request, webhook_id)
    if not endpoint.active:
        return _detail(request, endpoint, {"wrong": _("The webhook is not active. Activate it first.")}, 400)
    webhooks.send_test(endpoint)
    return redirect(f"{HERE}{webhook_id}/?done=test")


@require_POST
@login_required
def set_active(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Activate or deactivate a webhook."""
    active = request.POST.get("active") == "true"
    webhooks.change_endpoint(endpoint_of(request, webhook_id), webhooks.Changes(active=active))
    return redirect(f"{HERE}{webhook_id}/?done={'started' if active else 'stopped'}")


@require_POST
@login_required
@never_cache
def rotate(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Give the webhook a new secret and show it once. The one before it also signs for a day."""
    rotated = webhooks.rotate_secret(endpoint_of(request, webhook_id))
    return _detail(request, rotated, {"secret": webhooks.secret_of(rotated)})


@require_POST
@login_required
def remove(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Delete a webhook with its log."""
    webhooks.remove_endpoint(endpoint_of(request, webhook_id))
    return redirect(f"{HERE}?done=deleted")


def _detail(request: HttpRequest, endpoint: WebhookEndpoint, more: TemplateContext, status: int = 200) -> HttpResponse:
    context = {"webhook": endpoint, "form": WebhookForm.of(endpoint), **_log(request, endpoint), **more}
    context["inactive_reason"] = reason_words.translated(endpoint.inactive_reason)
    return part(request, "webhook", context, status)


def _log(request: HttpRequest, endpoint: WebhookEndpoint) -> TemplateContext:
    """Return a part of the log: the newest deliveries, or those before one."""
    try:
        before = UUID(request.GET["before"]) if "before" in request.GET else None
    except ValueError:
        raise Http404 from None
    rows = webhooks.deliveries_of(endpoint, LOGGED + 1, before)
    if rows is None:
        raise Http404
    deliveries = [
        {"row": row, "status": webhooks.delivery_status(row), "error": reason_words.as_sentence(row.last_error)} for row in rows[:LOGGED]
    ]
    return {
        "deliveries": deliveries,
        "pending": before is None and any(one["status"] == "pending" for one in deliveries),
        "older": rows[LOGGED - 1].message_id if len(rows) > LOGGED else None,
        "before": before,
    }
