"""Signed-in devices: noted at sign-in, listed on the security page, signed out one by one or all others at once."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client

from insights.access import devices

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"
PASSWORD = "correct horse battery"


def signed_in(agent: str, address: str = "198.51.100.7") -> Client:
    """Return a browser that has signed in with a password."""
    browser = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    assert browser.post("/signin/", {"username": "jane@example.com", "password": PASSWORD}).status_code == 302
    return browser


def devices_page(browser: Client) -> str:
    """Return the text of the security page."""
    return browser.get("/account/security/").content.decode()


def test_devices_are_listed(user: User) -> None:
    """Each with browser, system and address; the one that asks is marked and has no button."""
    here, phone = signed_in(FIREFOX), signed_in(PHONE, "203.0.113.5")
    page = devices_page(here)
    assert "Firefox on Windows" in page
    assert "Safari on iPhone" in page
    assert "203.0.113.5" in page
    assert page.count("This device") == 1
    assert 'aria-label="Sign out Safari on iPhone"' in page
    assert 'aria-label="Sign out Firefox on Windows"' not in page
    assert devices_page(phone).count("This device") == 1


def test_one_device_is_signed_out(user: User) -> None:
    """Only that one has to sign in again."""
    here, phone, tablet = signed_in(FIREFOX), signed_in(PHONE), signed_in("Mozilla/5.0 (iPad) Safari/1")
    one = UserSession.objects.get(session_key=phone.session.session_key)
    answer = here.post(f"/account/security/devices/{one.pk}/sign-out/", follow=True)
    assert "Device signed out." in answer.content.decode()
    assert [browser.get("/").status_code for browser in (here, phone, tablet)] == [200, 302, 200]
    assert here.post(f"/account/security/devices/{one.pk}/sign-out/").status_code == 404


def test_all_others_are_signed_out(user: User) -> None:
    """This device stays signed in."""
    here, phone, tablet = signed_in(FIREFOX), signed_in(PHONE), signed_in("Mozilla/5.0 (iPad) Safari/1")
    here.post("/account/security/devices/sign-out/")
    assert [browser.get("/").status_code for browser in (here, phone, tablet)] == [200, 302, 302]


def test_a_device_of_somebody_else(user: User, other_client: Client) -> None:
    """It does not exist for others."""
    phone = signed_in(PHONE)
    one = UserSession.objects.get(session_key=phone.session.session_key)
    assert other_client.post(f"/account/security/devices/{one.pk}/sign-out/").status_code == 404
    other_client.post("/account/security/devices/sign-out/")
    assert phone.get("/").status_code == 200


def test_devices_that_are_signed_out_are_not_listed(user: User) -> None:
    """Neither after a sign-out nor after the password changed elsewhere."""
    here, phone = signed_in(FIREFOX), signed_in(PHONE)
    phone.post("/signout/")
    assert "iPhone" not in devices_page(here)
    signed_in(PHONE)
    new = {"old_password": PASSWORD, "new_password1": "wrong mule accumulator", "new_password2": "wrong mule accumulator"}
    here.post("/account/password/", new)
    assert "iPhone" not in devices_page(here)
    assert "This device" in devices_page(here)


def test_the_list_takes_a_fixed_number_of_queries(user: User, django_assert_max_num_queries: Any) -> None:
    """However many devices there are."""
    here = signed_in(FIREFOX)
    for _ in range(15):
        Client(headers={"user-agent": PHONE}).force_login(user)
    with django_assert_max_num_queries(14):
        assert devices_page(here).count("Sign out Unknown browser") == 15


def test_requests_write_rarely(user: User) -> None:
    """The second request within ten minutes notes nothing."""
    here = signed_in(FIREFOX)
    before = UserSession.objects.get().last_seen_at
    here.get("/")
    here.get("/")
    assert UserSession.objects.get().last_seen_at == before


@pytest.mark.parametrize(
    ("agent", "name"),
    [(FIREFOX, "Firefox on Windows"), (PHONE, "Safari on iPhone"), ("curl/8", "Unknown browser"), ("", "Unknown browser")],
)
def test_names_of_devices(agent: str, name: str) -> None:
    """As people call them."""
    assert devices.name_of(agent) == name


def test_a_client_without_an_address(user: User) -> None:
    """It can sign in; the list leaves its address out."""
    here = signed_in(FIREFOX, "")
    assert "0.0.0.0" not in devices_page(here)
