"""Accounts from end to end: invitation, new password by mail, second factors and devices, with real mail, browser and server.

Links: the people page, the link, the page that creates the account; the mail job, the worker, an SMTP server; the authenticator app and
the passkey of the browser; the row of a device, the check of what is open, the live page.
"""

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, PATIENCE_MS, page_errors
from tests.browser.test_accessibility import faults
from tests.mail_server import MailServer, mail_server, text_of
from tests.servers import Server, copied

NEW_PASSWORD = "wrong mule accumulator"
LINK = re.compile(r"http://localhost:\d+(/\S+)")
ADMINISTRATOR = (
    "from django.contrib.auth.models import User; from insights import access; "
    f"access.make_administrator(User.objects.get(email={EMAIL!r}))"
)


def link_to(kept: MailServer, address: str) -> str:
    """Wait for a mail to an address, and return the path of the link in it."""
    found = LINK.search(text_of(kept.take(address, "http")))
    assert found is not None
    return found.group(1)


@pytest.fixture(scope="module", name="mail_server")
def _mail_server() -> Iterator[MailServer]:
    """A running SMTP server."""
    with mail_server() as kept:
        yield kept


@pytest.fixture(scope="module")
def server(mail_server: MailServer, account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a worker and an administrator, that sends mail."""
    env = {"RECOGNISER": "scripted", "MAIL_URL": f"smtp+plain://127.0.0.1:{mail_server.port}", "ALLOWED_HOSTS": "localhost,127.0.0.1"}
    server = Server(copied(account_data, tmp_path_factory.mktemp("accounts") / "data"), env, worker=True)
    server.manage("shell", "--no-imports", "-c", ADMINISTRATOR)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def site(server: Server) -> str:
    """The address of the server under a host name, which passkeys need."""
    return server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def context(module_browser: Browser, site: str) -> Iterator[BrowserContext]:
    """A window without a sign-in."""
    made = module_browser.new_context(base_url=site)
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def fill_sign_in(page: Page, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Send the form for sign-in."""
    page.goto("/signin/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def signed_in(context: BrowserContext, email: str = EMAIL, password: str = PASSWORD) -> Page:
    """Return a page that is signed in."""
    page = context.new_page()
    fill_sign_in(page, email, password)
    page.wait_for_url("**/")
    return page


def new_account(server: Server, email: str) -> None:
    """Create a member."""
    code = f"from django.contrib.auth.models import User; User.objects.create_user({email!r}, {email!r}, {PASSWORD!r}, first_name='Ada')"
    server.manage("shell", "--no-imports", "-c", code)


def one_time_code(key: str, seconds: float) -> str:
    """Return the code of an authenticator app (RFC 6238)."""
    digest = hmac.new(base64.b32decode(key), struct.pack(">Q", int(seconds) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_an_invitation_becomes_an_account(context: BrowserContext, module_browser: Browser, site: str, mail_server: MailServer) -> None:
    """The administrator invites by mail; the person opens the link, chooses a password and is signed in, also the next time."""
    boss = signed_in(context)
    boss.get_by_role("button", name="Account menu").click()
    boss.get_by_role("link", name="People").click()
    boss.get_by_label("E-mail address").fill("ben@example.com")
    boss.get_by_role("button", name="Create invitation").click()
    expect(boss.get_by_role("heading", name="Invitation created")).to_be_visible()
    invited = module_browser.new_context(base_url=site)
    invited.set_default_timeout(PATIENCE_MS)
    page = invited.new_page()
    errors = page_errors(page)
    link = link_to(mail_server, "ben@example.com")
    page.goto(link)
    page.get_by_label("Your name").fill("Ben")
    page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Confirm password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/")
    expect(page.get_by_role("button", name="Account menu")).to_be_visible()
    assert errors == []
    invited.close()
    again = module_browser.new_context(base_url=site)
    again.set_default_timeout(PATIENCE_MS)
    signed_in(again, "ben@example.com", NEW_PASSWORD)
    page = again.new_page()
    page.goto(link)
    expect(page.get_by_role("heading", name="Invitation used")).to_be_visible()
    again.close()
    boss.goto("/people/")
    expect(boss.get_by_role("link", name="Ben")).to_be_visible()


def test_a_forgotten_password(context: BrowserContext, server: Server, mail_server: MailServer) -> None:
    """The link comes by mail, works once, and the new password signs in."""
    new_account(server, "carl@example.com")
    page = context.new_page()
    page.goto("/signin/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail address").fill("carl@example.com")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    link = link_to(mail_server, "carl@example.com")
    page.goto(link)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Confirm new password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    page.get_by_role("link", name="Sign in").click()
    signed_in(context, "carl@example.com", NEW_PASSWORD)
    page.context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("heading", name="Link not valid")).to_be_visible()


def test_codes_of_an_authenticator_app(context: BrowserContext, module_browser: Browser, site: str, server: Server) -> None:
    """After they are set up, sign-in asks for one; a wrong one is refused, and a recovery code works instead."""
    new_account(server, "dora@example.com")
    page = signed_in(context, "dora@example.com")
    errors = page_errors(page)
    page.goto("/account/security/")
    page.get_by_role("link", name="Set up").click()
    key = page.locator(".key code").inner_text()
    page.get_by_label("Code of the app").fill(one_time_code(key, time.time()))
    page.get_by_role("button", name="Turn on").click()
    recovery = page.locator(".codes code").first.inner_text()
    other = module_browser.new_context(base_url=site)
    other.set_default_timeout(PATIENCE_MS)
    second = other.new_page()
    fill_sign_in(second, "dora@example.com")
    second.get_by_label("Code").fill("000000")
    second.get_by_role("button", name="Sign in").click()
    expect(second.get_by_text("Wrong code.")).to_be_visible()
    second.goto("/")
    expect(second).to_have_url(re.compile("/signin/"))
    fill_sign_in(second, "dora@example.com")
    second.get_by_label("Code").fill(one_time_code(key, time.time() + 30))  # not the code that was used already
    second.get_by_role("button", name="Sign in").click()
    second.wait_for_url("**/")
    other.clear_cookies()
    fill_sign_in(second, "dora@example.com")
    second.get_by_label("Code").fill(recovery)
    second.get_by_role("button", name="Sign in").click()
    second.wait_for_url("**/")
    other.close()
    assert errors == []


def test_a_passkey_signs_in(context: BrowserContext, server: Server) -> None:
    """A passkey of the browser is added, and signs in without a password."""
    new_account(server, "emil@example.com")
    page = signed_in(context, "emil@example.com")
    errors = page_errors(page)
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "automaticPresenceSimulation": True}})
    page.goto("/account/security/")
    page.get_by_role("link", name="Add passkey").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Sign in with this passkey alone").check()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/account/security/")
    expect(page.get_by_text("Laptop", exact=True)).to_be_visible()
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/")
    expect(page.get_by_role("button", name="Account menu")).to_be_visible()
    assert errors == []


def test_a_device_is_signed_out(context: BrowserContext, server: Server, site: str) -> None:
    """Its live page stops, and it has to sign in again; this one stays."""
    new_account(server, "fred@example.com")
    browser = context.browser
    assert browser is not None
    other = browser.new_context(base_url=site, permissions=["microphone"])
    other.set_default_timeout(PATIENCE_MS)
    live = signed_in(other, "fred@example.com")
    live.goto("/live/")
    live.locator("#start").click()
    expect(live.locator("#status")).to_have_text("Listening")
    page = signed_in(context, "fred@example.com")
    page.goto("/account/security/")
    expect(page.get_by_text("This device")).to_have_count(1)
    page.get_by_role("button", name="Sign out Chrome on Linux").click()
    expect(page.get_by_role("status").first).to_have_text("Device signed out.")
    expect(live.locator("#status")).to_have_text("Stopped", timeout=40_000)  # four times what is promised
    live.goto("/")
    expect(live).to_have_url(re.compile("/signin/"))
    page.goto("/")
    expect(page.get_by_role("button", name="Account menu")).to_be_visible()
    other.close()


PUBLIC_PAGES = ("/signin/", "/password/reset/", "/password/reset/done/", "/password/changed/", "/confirm-email/", "/signin/inactive/")
OWN_PAGES = (
    *("/account/", "/account/security/", "/account/recording/", "/account/email/", "/developers/"),
    *("/account/security/authenticator/", "/account/security/passkeys/add/", "/people/", "/people/1/", "/people/health/"),
)


def test_every_page_is_accessible_and_fits_a_phone(context: BrowserContext) -> None:
    """Axe finds nothing, no page scrolls sideways at 320 px, and the security policy holds."""
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    errors = page_errors(page)
    found = {path: problems(page, path) for path in PUBLIC_PAGES}
    fill_sign_in(page)
    page.wait_for_url("**/")
    found |= {path: problems(page, path) for path in OWN_PAGES}
    assert {path: one for path, one in found.items() if one} == {}
    assert errors == []


def problems(page: Page, path: str) -> list[object]:
    """Return what axe finds on a page, and how far it scrolls sideways."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*faults(page), *([wide] if wide > 0 else [])]
