"""Change an app of the account: its name, scopes and expiry; revoke its tokens."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from insights import access
from insights.models import App
from insights.portal.account import part
from insights.portal.developers import expiry_of
from insights.portal.forms import AppForm
from insights.portal.signed_in import user_of

KEEP = "keep"
DONE = {"tokens": gettext_lazy("Tokens revoked. The app can get new ones with its secret.")}


class AppChangeForm(AppForm):
    """The name, scopes and expiry of an existing app."""

    field_order = ["app_name", "scopes", "days"]

    def __init__(self, app: App, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"app_name": app.name, "scopes": app.scopes.split(), "days": KEEP if app.expires_at else "0"})
        self.expires_at = app.expires_at
        if app.expires_at is not None:
            days = self.fields["days"]
            days.choices = [(KEEP, _("%(date)s, as now") % {"date": date_format(app.expires_at, "SHORT_DATE_FORMAT")}), *days.choices]  # type: ignore[attr-defined]

    def save(self, app: App) -> None:
        """Store the values of a valid form."""
        data = self.cleaned_data
        expires_at = self.expires_at if data["days"] in ("", KEEP) else expiry_of(data["days"])
        access.change_app(app, data["app_name"], frozenset(data["scopes"]), expires_at)


def app_of(request: HttpRequest, app_pk: int) -> App:
    """Return an app of the signed-in user; 404 for any other."""
    found = access.app_of(user_of(request), app_pk)
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def edit_app(request: HttpRequest, app_pk: int) -> HttpResponse:
    """Show an app, and change it."""
    app = app_of(request, app_pk)
    form = AppChangeForm(app, request.POST) if request.method == "POST" else AppChangeForm(app)
    if form.is_bound and form.is_valid():
        form.save(app)
        return redirect("/developers/?done=saved")
    context = {"app": app, "form": form, "now": timezone.now(), "done": DONE.get(request.GET.get("done", ""))}
    return part(request, "app", context, 400 if form.is_bound else 200)


@require_POST
@login_required
def revoke_tokens(request: HttpRequest, app_pk: int) -> HttpResponse:
    """Revoke all tokens of an app; its secret stays valid."""
    access.revoke_tokens_of(app_of(request, app_pk))
    return redirect(f"/settings/apps/{app_pk}/?done=tokens")
