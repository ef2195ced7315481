"""Accounts: created and changed here, except the first one. The user name of an account is its e-mail address."""

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from insights import access, managed, persons
from insights.access.addresses import confirm_address
from insights.admin.bases import NewUserFormBase, UserBase, UserFormBase, reviewer, time_element
from insights.admin.roles import ForAdministrators
from insights.models import Conversation, Role

HIDDEN = (Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession)
"""Tables of django-allauth whose pages in the admin would show secrets, or change rows without the checks of the portal's pages."""


UNTRANSLATED = (
    gettext_noop("After you’ve created a user, you’ll be able to edit more user options."),
    gettext_noop("Password-based authentication"),
    gettext_noop("Enabled"),
    gettext_noop("Disabled"),
    gettext_noop(
        "Whether the user will be able to authenticate using a password or not. If disabled, they may still be able to authenticate using "
        "other backends, such as Single Sign-On or LDAP."
    ),
    gettext_noop("Enable password-based authentication for this user by setting a password."),
)
"""Texts of Django's own forms that its German catalogue lacks; ours has them."""


def address() -> forms.EmailField:
    """Return the form field of the user name: an e-mail address."""
    return forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=150, help_text=gettext_lazy("With this and the password one signs in.")
    )


class NewAccountForm(NewUserFormBase):
    """A new account: an e-mail address, unique regardless of case, and a password."""

    username = address()

    def clean_username(self) -> str:
        """Return the address in lower case, as sign-in compares it."""
        self.cleaned_data["username"] = str(self.cleaned_data["username"]).lower()
        return str(super().clean_username())


class AccountForm(UserFormBase):
    """An existing account; the address is validated and stored in lower case, as for a new one."""

    username = address()
    roles = forms.MultipleChoiceField(
        choices=[(one.value, one.label) for one in (access.ADMINISTRATOR, access.REVIEWER)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label=gettext_lazy("Roles"),
        help_text=gettext_lazy("Administrators manage accounts. Reviewers read the conversations of all accounts; the owners see who did."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].initial = list(self.instance.account_roles.values_list("role", flat=True)) if self.instance.pk else []

    def clean_username(self) -> str:
        """Return the address in lower case."""
        return str(self.cleaned_data["username"]).lower()

    def clean(self) -> dict[str, Any] | None:
        """Refuse to leave the installation without an active administrator."""
        data = super().clean()
        if access.ADMINISTRATOR not in self.cleaned_data.get("roles", ()) or not self.cleaned_data.get("is_active"):
            try:
                access.check_not_last_administrator(self.instance)
            except access.LastAdministrator:
                self.add_error("roles", gettext("This is the only active administrator. Make another account an administrator first."))
        return data


def _delete_account(account: User, request: HttpRequest) -> None:
    try:
        persons.delete_account(account, reviewer(request))
    except persons.NotFinished as error:
        messages.warning(request, str(error))


def _set_role(account: User, role: Role, given: bool, by: int) -> None:
    if given:
        access.grant_role(account, role, by)
    else:
        access.revoke_role(account, role)


for model in (User, *HIDDEN):
    admin.site.unregister(model)


@admin.register(User)
class AccountAdmin(ForAdministrators, UserBase):
    """Django's user admin with e-mail addresses as user names."""

    form, add_form = AccountForm, NewAccountForm
    list_display = ("address", "name", "is_active", "roles", "signed_in")
    list_filter = ("is_active", "account_roles__role")
    search_fields = ("username", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name")}),
        (gettext_lazy("What it may"), {"fields": ("is_active", "roles")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    @admin.display(description=gettext_lazy("E-mail address"), ordering="username")
    def address(self, account: User) -> str:
        """Return the e-mail address."""
        return account.username

    @admin.display(description=gettext_lazy("Name"), ordering="first_name")
    def name(self, account: User) -> str:
        """Return the person's name."""
        return account.get_full_name()

    @admin.display(description=gettext_lazy("Roles"))
    def roles(self, account: User) -> str:
        """Return the roles besides that of a member."""
        return ", ".join(str(one) for one in account.account_roles.all()) or "-"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the accounts with their roles."""
        return super().get_queryset(request).prefetch_related("account_roles")

    @admin.display(description=gettext_lazy("Last sign-in"), ordering="last_login")
    def signed_in(self, account: User) -> SafeString | str:
        """Return when this account last signed in."""
        return time_element(account.last_login)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what the page that asks for confirmation lists: addresses and counts, not every row of every table."""
        accounts = list(objs)
        conversations = Conversation.everything.filter(owner__in=accounts).count()
        return [account.username for account in accounts], {"accounts": len(accounts), "conversations": conversations}, set(), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete the account with everything that it has, once the transaction of this page is committed."""
        transaction.on_commit(partial(_delete_account, obj, request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete the selected accounts with everything that they have."""
        for account in queryset:
            transaction.on_commit(partial(_delete_account, account, request))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the address in the `email` field as well, as a confirmed one."""
        obj.email = obj.username
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            managed.pass_on_teams(obj.pk)
        if change and "roles" in form.cleaned_data:
            for role in (access.ADMINISTRATOR, access.REVIEWER):
                _set_role(obj, role, role in form.cleaned_data["roles"], reviewer(request))
        confirm_address(obj)
