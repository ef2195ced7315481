"""`manage.py setuplink`, and the server's own URL."""

import io

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from insights.site_address import site_address


def link(*options: str) -> str:
    """Run the command and return its output."""
    out = io.StringIO()
    call_command("setuplink", *options, stdout=out)
    return out.getvalue().strip()


@pytest.mark.django_db
def test_the_link_opens_the_page(settings: LazySettings) -> None:
    """Every printed link works until an account exists."""
    settings.PORT = 8123
    links = [link(), link("--site", "https://talk.example.org/")]
    assert [one.partition("?token=")[0] for one in links] == ["http://127.0.0.1:8123/welcome/", "https://talk.example.org/welcome/"]
    assert links[0].partition("?")[2] != links[1].partition("?")[2]
    for one in links:
        assert Client().get("/welcome/?" + one.partition("?")[2]).status_code == 200
    User.objects.create_user("jane@example.com")
    with pytest.raises(CommandError, match="createadmin"):
        link()


@pytest.mark.django_db
def test_a_site_without_scheme_is_refused() -> None:
    """The message names the option."""
    with pytest.raises(CommandError, match="--site 'talk.example.org'.*https://"):
        link("--site", "talk.example.org")


@pytest.mark.parametrize(
    ("host", "allowed", "origins", "address"),
    [
        ("127.0.0.1", ["localhost"], [], "http://127.0.0.1:80"),
        ("::1", ["localhost"], [], "http://[::1]:80"),
        ("0.0.0.0", [".example.org", "*", "talk.local"], [], "http://talk.local:80"),
        ("::", ["*"], [], "http://localhost:80"),
        ("127.0.0.1", ["localhost"], ["https://talk.example.org"], "https://talk.example.org"),
    ],
)
def test_the_address_of_the_site(settings: LazySettings, host: str, allowed: list[str], origins: list[str], address: str) -> None:
    """It is the origin of the proxy, or a host that the server accepts."""
    settings.HOST, settings.ALLOWED_HOSTS, settings.TRUSTED_ORIGINS = host, allowed, origins
    assert site_address(80) == address
