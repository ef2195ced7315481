"""manage.py createapp."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from insights import access
from tests.insights.conftest import user_of_token


def run(*args: str) -> str:
    """Return the output of the command."""
    out = StringIO()
    call_command("createapp", *args, stdout=out)
    return out.getvalue()


def test_a_missing_account_is_created(db: None) -> None:
    """A new address gets an account without a password, and the credentials work."""
    made = json.loads(run("--email", "New@Example.org", "--name", "Bot", "--json"))
    user = User.objects.get()
    assert (user.username, user.email, user.has_usable_password()) == ("new@example.org", "new@example.org", False)
    assert user_of_token(access.token_for(made["appId"], made["appSecret"]).access_token) == user
    assert user.apps.get().name == "Bot"


def test_an_existing_account_is_used(db: None) -> None:
    """A second app of one address belongs to the same account, whose password stays."""
    User.objects.create_user("jane@example.org", "jane@example.org", "correct horse battery")
    run("--email", "jane@example.org")
    text = run("--email", "JANE@example.org")
    user = User.objects.get()
    assert user.check_password("correct horse battery")
    assert user.apps.count() == 2
    assert [line.split()[0] for line in text.splitlines()] == ["appId", "appSecret"]


@pytest.mark.parametrize(
    ("args", "complaint"), [(["nonsense"], "is not an e-mail"), (["a@b.org", "--name", " "], "--name may not be empty")]
)
def test_invalid_arguments_are_refused(db: None, args: list[str], complaint: str) -> None:
    """An invalid address or name creates nothing."""
    with pytest.raises(CommandError, match=complaint):
        run("--email", *args)
    assert not User.objects.exists()
