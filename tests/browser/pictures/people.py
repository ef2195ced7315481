"""The people of the pictures and their browser windows: signed in, with a second step, speaking, or without an account."""

import base64
import hashlib
import hmac
import json
import struct
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

import jwt
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.http_server import Received, answer

PASSWORD = "a long pass phrase"
PEOPLE = {"Jane": "Doe", "Anna": "Novak", "Tom": "Baker", "Maria": "Silva", "Lee": "Chen", "Paul": "Meyer"}
"""First and last names. Jane is the administrator, Anna a reviewer, Tom has a second step, Paul is deactivated."""
LIVE_ROOM = "release-call"
LIVE_TITLE = "Release call"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "small": {"viewport": {"width": 375, "height": 812}, "color_scheme": "light", "is_mobile": True, "has_touch": True},
    "narrow": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "is_mobile": True, "has_touch": True},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "is_mobile": True, "has_touch": True},
}
"""The windows of which pictures are taken."""


@dataclass
class Windows:
    """Windows of a browser on one site; each person signs in once."""

    browser: Browser
    site: str
    locale: str = "en-US"
    states: dict[str, Any] = field(default_factory=dict)

    def open(self, who: str, look: str, locale: str = "") -> Page:
        """Return a new window of a person, or of nobody, in a look."""
        context = self._context(storage_state=self.states.get(who), locale=locale or self.locale, **LOOKS[look])
        return context.new_page()

    def sign_in(self, who: str, *, second_step: bool = False) -> None:
        """Sign a person in, and keep the cookies; `second_step`: set up a passkey and an authenticator app first."""
        context = self._context(**LOOKS["light"])
        page = context.new_page()
        page.goto("/signin/")
        page.get_by_label("E-mail address").fill(f"{who}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("button", name="Account menu").wait_for()
        if second_step:
            _add_passkey(context, page)
            _add_authenticator(page)
        self.states[who] = context.storage_state()
        context.close()

    def _context(self, **options: Any) -> BrowserContext:
        context = self.browser.new_context(base_url=self.site, permissions=["microphone", "clipboard-write"], **options)
        context.set_default_timeout(PATIENCE_MS)
        return context


def _add_passkey(context: BrowserContext, page: Page) -> None:
    """Add a passkey of a virtual device."""
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**device, "automaticPresenceSimulation": True}})
    page.goto("/account/security/passkeys/add/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def _add_authenticator(page: Page) -> None:
    page.goto("/account/security/authenticator/")
    key = page.locator(".key code").inner_text()
    page.get_by_label("Code of the app").fill(_one_time_code(key, time.time()))
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url(lambda url: "authenticator" not in url)


def _one_time_code(key: str, seconds: float) -> str:
    """Return the code of an authenticator app (RFC 6238)."""
    digest = hmac.new(base64.b32decode(key), struct.pack(">Q", int(seconds) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def confirm(page: Page) -> None:
    """Give the password that a page asks for again, some minutes after the sign-in."""
    page.locator("main input[type=password]").fill(PASSWORD)
    page.locator("main input[type=password]").press("Enter")
    page.wait_for_url(lambda url: "/account/confirm/" not in url)


def join(page: Page, room: str, name: str, title: str = "") -> None:
    """Join a conversation as a speaker."""
    page.goto(f"/live/{room}/")
    page.locator("#speaker").fill(name)
    if title:
        page.locator("#meeting").fill(title)
    page.locator("#start").click()
    page.get_by_text("Listening").first.wait_for()


@dataclass
class IdentityProvider:
    """An identity provider for single sign-on that knows a person without an address, so that Parley asks for one."""

    url: str = ""

    def respond(self, request: Received, out: BinaryIO) -> None:
        """Answer discovery, the redirected browser, the exchange of the code, and the question about the person."""
        asked = urlsplit(request.line.split()[1])
        person = {"sub": "1", "name": "Ben Doe"}
        match asked.path:
            case "/authorization":
                query = {name: values[0] for name, values in parse_qs(asked.query).items()}
                answer(302, Location=f"{query['redirect_uri']}?code=1&state={query['state']}")(request, out)
                return
            case "/token":
                claims = {**person, "iss": self.url, "aud": "parley", "iat": int(time.time()), "exp": int(time.time()) + 60}
                made = {"access_token": "1", "token_type": "Bearer", "id_token": jwt.encode(claims, "k" * 32, "HS256")}
            case "/userinfo":
                made = person
            case _:
                made = {f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token", "userinfo")}
                made |= {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        answer(200, json.dumps(made).encode(), Content_Type="application/json")(request, out)
