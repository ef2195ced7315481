"""The first visit of an empty installation: a page that makes the administrator's account, once."""

from django.contrib.auth import login
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from insights.portal.forms import FirstAccountForm


class TooLate(Exception):
    """Somebody else made the first account in the meantime."""


def nobody_can_sign_in() -> bool:
    """Say whether this installation is empty: users that `createapp` made have no password and do not count."""
    return not User.objects.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password="").exists()


def make_administrator(name: str, email: str, password: str) -> User:
    """Make the account, or raise `TooLate`; of two requests at the same moment one succeeds.

    SQLite's transactions are serial from their first statement here (see the settings); PostgreSQL's are not, so
    the table is locked against other writers until the end.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        if not nobody_can_sign_in():
            raise TooLate
        user, _ = User.objects.get_or_create(username=email)
        user.email, user.first_name = email, name
        user.is_staff = user.is_superuser = user.is_active = True
        user.set_password(password)
        user.save()
    return user


@never_cache
@sensitive_post_parameters("password", "again")
def first_account(request: HttpRequest) -> HttpResponse:
    """Show and take the form while nobody can sign in; 404 ever after."""
    if not nobody_can_sign_in():
        raise Http404
    form = FirstAccountForm(request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            user = make_administrator(values["name"], values["email"], values["password"])
        except TooLate:
            return redirect("signin")
        login(request, user)
        return redirect("conversations")
    return render(request, "portal/first_account.html", {"form": form}, status=400 if form.is_bound else 200)
