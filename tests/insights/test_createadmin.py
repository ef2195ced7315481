"""`manage.py createadmin`: a new administrator, or an existing account as administrator."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from insights import access

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    """An interactive standard input."""

    def isatty(self) -> bool:
        """Say that the input is a terminal."""
        return True


def create(monkeypatch: pytest.MonkeyPatch, *options: str, stdin: str = "") -> str:
    """Run the command with this standard input, and return its output."""
    monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    out = io.StringIO()
    call_command("createadmin", *options, stdout=out)
    return out.getvalue()


def test_a_new_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is the first line of standard input; the address is kept in small letters."""
    told = create(monkeypatch, "--email", " Ada@Example.org", "--name", "Ada", stdin=f"{PASSWORD}\n")
    user = User.objects.get()
    assert (user.username, user.email, user.first_name) == ("ada@example.org", "ada@example.org", "Ada")
    assert user.is_superuser
    assert user.is_staff
    assert "is created as an administrator" in told
    assert PASSWORD not in told
    assert Client().post("/signin/", {"username": "ada@example.org", "password": PASSWORD}).status_code == 302


def test_an_account_of_createapp_becomes_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account without a password needs one, and keeps its apps."""
    program = access.account_for("ada@example.org")
    access.create_app(program, "bot")
    with pytest.raises(CommandError, match="first line of standard input"):
        create(monkeypatch, "--email", "ada@example.org")
    create(monkeypatch, "--email", "ada@example.org", stdin=PASSWORD)
    program.refresh_from_db()
    assert program.is_superuser
    assert program.check_password(PASSWORD)
    assert User.objects.count() == 1
    assert len(access.apps_of(program)) == 1


def test_an_account_keeps_its_password(monkeypatch: pytest.MonkeyPatch, user: User) -> None:
    """An existing password stays unless a new one is given; a disabled account is enabled."""
    User.objects.update(is_active=False)
    told = create(monkeypatch, "--email", user.username)
    user.refresh_from_db()
    assert "its password is unchanged" in told
    assert (user.is_superuser, user.is_active) == (True, True)
    assert user.check_password(PASSWORD)
    create(monkeypatch, "--email", user.username, "--new-password", stdin="wrong mule accumulator")
    user.refresh_from_db()
    assert user.check_password("wrong mule accumulator")


def test_a_terminal_asks_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The input is not echoed, and two different inputs create nothing."""
    answers = [PASSWORD, "another"]

    def ask(prompt: str) -> str:
        return answers.pop(0)

    monkeypatch.setattr("getpass.getpass", ask)
    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(CommandError, match="not the same"):
        call_command("createadmin", "--email", "ada@example.org", stdout=io.StringIO())
    assert not User.objects.exists()
    answers += [PASSWORD, PASSWORD]
    call_command("createadmin", "--email", "ada@example.org", stdout=io.StringIO())
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    ("email", "name", "password", "text"),
    [
        ("nobody", "", PASSWORD, "is not an e-mail address"),
        (f"{'a' * 140}@example.org", "", PASSWORD, "more than 150"),
        ("ada@example.org", "x" * 151, PASSWORD, "more than 150"),
        ("ada@example.org", "", "short", "at least 10 characters"),
        ("ada@example.org", "", "", "no password"),
    ],
)
def test_invalid_input_creates_nothing(monkeypatch: pytest.MonkeyPatch, email: str, name: str, password: str, text: str) -> None:
    """The message names the error."""
    with pytest.raises(CommandError, match=text):
        create(monkeypatch, "--email", email, "--name", name, stdin=password)
    assert not User.objects.exists()


def test_the_command_line_takes_no_password(capsys: Any) -> None:
    """Other users of the machine can read command lines."""
    with pytest.raises(CommandError):
        call_command("createadmin", "--email", "ada@example.org", "--password", "x")
