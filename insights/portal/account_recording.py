"""The recording part of the account page: how long conversations are kept, whether audio is stored, and the vocabulary."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from insights import access, managed
from insights.portal.account import part, user_of
from insights.portal.forms import RetentionForm, VocabularyForm

HERE = "/account/recording/"
DONE = {
    "vocabulary": "Names and special words saved. Conversations that start from now on use them.",
    "retention": "Retention saved.",
}


def page(request: HttpRequest, status: int = 200, **parts: Any) -> HttpResponse:
    """Return the part; `parts` replaces parts of it, such as a form with errors."""
    user = user_of(request)
    context: dict[str, Any] = {"installation_days": settings.KEEP_DAYS, **parts}
    context.setdefault("retention", RetentionForm(instance=access.settings_of(user)))
    if "vocabulary" not in context:
        context["vocabulary"] = VocabularyForm.of(user.pk)
    return part(request, "recording", context, status)


@require_GET
@login_required
@never_cache
def recording(request: HttpRequest) -> HttpResponse:
    """Show the forms, with a confirmation of the last action."""
    return page(request, done=DONE.get(request.GET.get("done", "")))


@require_POST
@login_required
def change_retention(request: HttpRequest) -> HttpResponse:
    """Change how long the account's conversations are kept."""
    form = RetentionForm(request.POST, instance=access.settings_of(user_of(request)))
    if not form.is_valid():
        return page(request, 400, retention=form)
    form.save()
    return redirect(f"{HERE}?done=retention")


@require_POST
@login_required
def save_vocabulary(request: HttpRequest) -> HttpResponse:
    """Replace the vocabulary of the signed-in user's account."""
    form = VocabularyForm(request.POST)
    if form.is_valid():
        try:
            managed.set_vocabulary(user_of(request).pk, form.phrases())
        except managed.Invalid as error:
            form.add_error("vocabulary", str(error))
        else:
            return redirect(f"{HERE}?done=vocabulary")
    return page(request, 400, vocabulary=form)
