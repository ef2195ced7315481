"""The page that an invitation leads to: it creates the account."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from insights import access
from insights.access import account_invitations as invitations
from insights.access.account_invitations import AddressTaken, NotPending
from insights.portal.forms import AcceptForm
from insights.portal.limited import too_many
from insights.portal.signin import sign_in_with_password


@never_cache
@sensitive_post_parameters("password", "again")
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show and process the form; 410 for an invitation that was valid and is not any more, 404 for every other address."""
    found = invitations.invitation_of(secret)
    if found is None:
        raise Http404
    if (state := invitations.state_of(found)) != "pending":
        return _over(request, state)
    if request.user.is_authenticated:
        return render(request, "portal/invitation_over.html", {"state": "signed in"})
    form = AcceptForm(found.email, request.POST or None)
    try:
        with access.password_check(access.Attempt("signup", "", access.client_address(request))):
            if form.is_valid():
                values = form.cleaned_data
                user = invitations.accept(found, values["name"], values.get("email", ""), values["password"])
                return sign_in_with_password(request, user, "/")
    except access.TooManyTries as error:
        return too_many(request, error)
    except NotPending as error:
        return _over(request, error.state)
    except AddressTaken:
        form.add_error(None if found.email else "email", _("There is an account with this address already. Sign in instead."))
    return render(request, "portal/invitation.html", {"form": form, "invitation": found}, status=400 if form.is_bound else 200)


def _over(request: HttpRequest, state: invitations.State) -> HttpResponse:
    return render(request, "portal/invitation_over.html", {"state": state}, status=410)
