"""The account page's form for the vocabulary: one phrase a line."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from insights import managed
from insights.portal import account
from insights.portal.forms import VocabularyForm


@require_POST
@login_required
def save_vocabulary(request: HttpRequest) -> HttpResponse:
    """Replace the vocabulary of the signed-in user's account."""
    form = VocabularyForm(request.POST)
    if form.is_valid():
        try:
            managed.set_vocabulary(int(request.user.pk or 0), form.phrases())
        except managed.Invalid as error:
            form.add_error("vocabulary", str(error))
        else:
            return redirect("/account/?done=vocabulary")
    return account.page(request, 400, vocabulary=form)
