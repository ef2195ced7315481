"""Every page of the site in Chromium: axe finds nothing, it fits 320 px, and its own scripts and stylesheets are below 200 KB.

The pages are the routes of the access table; one that is neither in PAGES nor in NO_PAGE fails the test.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect

from tests.browser.conftest import PATIENCE_MS, page_errors
from tests.browser.conversation_page import signed_in
from tests.browser.test_accessibility import faults
from tests.browser.test_search_page import shot
from tests.insights.test_access_table import POSTED, TABLE
from tests.servers import Server, copied

MOST_BYTES = 200_000
SMALLEST = {"width": 320, "height": 700}
WIDE = {"width": 1280, "height": 800}
SET_UP = """
import json
import numpy
from django.contrib.auth.models import User
from django.utils import timezone
from insights import access, managed, recorder, webhooks
from insights.access import account_invitations
from insights.voice_enrolment import EnrolledVoice
from insights.voice_vectors import VoiceVector
from insights.models import AccessLevel, AccountEntity, AccountTracker, Conversation, ConversationGroup, Role, ShareLink, VoiceProfile
from insights.portal.sample import store_sample
from insights.recorder import Look
jane = User.objects.get()
tom = User.objects.create_user("tom@example.com", "tom@example.com", first_name="Tom")
one = Conversation.objects.get(pk=store_sample(jane.pk))
theirs = Conversation.objects.get(pk=store_sample(tom.pk))
binned = store_sample(jane.pk)
recorder.bin_conversation(binned, jane.pk)
access.share_with_person(one, tom.email, AccessLevel.EDIT)
access.share_with_person(theirs, jane.email, AccessLevel.READ)
team = managed.create_team(jane, "Sales")
managed.add_person(team, tom.email)
access.share_with_team(one, team.pk, AccessLevel.READ)
experience = recorder.add_experience(one.pk, "text-summary", Look(background="#ffcc00"), None)
public = access.create_public_link(one, 7, audio=True)
withdrawn = access.create_public_link(one, 7, audio=False)
access.withdraw_link(jane.pk, withdrawn.pk)
summary = access.create_summary_link(one, experience, audio=False)
app, _ = access.create_app(jane, "Meeting bot")
tracker = AccountTracker.objects.create(owner=jane, name="Rivals", vocabulary=["Acme"])
entity = AccountEntity.objects.create(owner=jane, type="Vehicle", sub_type="Airship", values=["zeppelin"])
group = ConversationGroup.objects.create(owner=jane, name="Named", criteria="name!=x")
webhook = webhooks.create_endpoint(jane.pk, "https://8.8.8.8/hook", ["insight.created", "task.assigned"])
webhooks.send_test(webhook)
invitation = access.invite(jane.pk, "room", ShareLink.Kind.SPEAK, guests=True)
account_invitation = account_invitations.invite(jane, Role.MEMBER, "ben@example.com")
managed.set_profiles_on(jane, True)
voice = EnrolledVoice((VoiceVector(numpy.ones(128, "f4"), 9.0),), "community")
managed.enrol(jane.pk, managed.Enrolment("Ada", "ada@example.com", voice, VoiceProfile.Consent.READING))
secrets = {name: access.secret_of(link) for name, link in {
    "public": public, "withdrawn": withdrawn, "summary": summary, "invitation": invitation}.items()}
print(json.dumps({
    "conversation": one.pk, "experience": experience.pk, "team": team.pk, "app": app.pk, "trackers": tracker.pk, "entities": entity.pk,
    "groups": group.pk, "webhook": str(webhook.pk), "account_invitation": account_invitations.secret_of(account_invitation), **secrets}))
"""
"""What the pages show."""

TOO_WIDE = """
    () => {
      if (document.documentElement.scrollWidth <= innerWidth) return [];
      const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
      return [`${document.documentElement.scrollWidth} px`, ...wide.map((one) => one.outerHTML.slice(0, 120))].slice(0, 12);
    }
"""
DEAF = """
    (html) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      const opens = (menu) => [...page.querySelectorAll(`[popovertarget="${menu.id}"]`)].some((one) => !one.closest("[hidden]"));
      const works = (button) => {
        const form = button.form;
        if (button.matches(":disabled") || button.hasAttribute("popovertarget")) return true;
        if (button.type !== "submit" || !form || form.dataset.confirm) return false;
        return form.method !== "get" || form.matches("[action], :has([name])") || button.hasAttribute("formaction");
      };
      const closed = (menu) => menu && !opens(menu);
      const hidden = (one) => one.closest("[hidden], dialog, template, noscript") || closed(one.closest("[popover]"));
      const fits = (one) => (one.matches("button") ? works(one) : one.matches(":disabled") || one.form || one.name);
      const all = [...page.querySelectorAll("button, input[type=range], input[type=checkbox]")];
      const found = all.filter((one) => !hidden(one) && !fits(one));
      return found.map((one) => one.outerHTML.slice(0, 160));
    }
"""
"""The controls of a page that do nothing, or something else, as long as no script runs."""

PAGES = {
    "": "/",
    "conversations/": "/conversations/",
    "conversations/<int:conversation_id>/": "/conversations/{conversation}/",
    "conversations/<int:conversation_id>/experiences/<int:experience_id>/": "/conversations/{conversation}/experiences/{experience}/",
    "conversations/<int:conversation_id>/share/": "/conversations/{conversation}/share/",
    "shared/<str:secret>/": "/shared/{public}/",
    "join/<str:secret>/": "/join/{invitation}/",
    "live-invitations/<path:connection_id>/": "/live-invitations/room/",
    "teams/": "/teams/",
    "teams/<int:team_id>/": "/teams/{team}/",
    "upload/": "/upload/",
    "bin/": "/bin/",
    "exports/": "/exports/",
    "review/": "/review/",
    "review/figures/": "/review/figures/",
    "offline/": "/offline/",
    "account/": "/account/",
    "account/recording/": "/account/recording/",
    "account/voices/": "/account/voices/",
    "account/notifications/": "/account/notifications/",
    "account/email/": "/account/email/",
    "account/security/": "/account/security/",
    "account/security/authenticator/": "/account/security/authenticator/",
    "account/security/passkeys/add/": "/account/security/passkeys/add/",
    "account/confirm/": "/account/confirm/",
    "developers/": "/developers/",
    "people/": "/people/",
    "people/health/": "/people/health/",
    "people/<int:user_id>/": "/people/1/",
    **{f"settings/{one}/": f"/settings/{one}/" for one in ("vocabulary", "trackers", "entities", "groups", "webhooks")},
    **{f"settings/{one}/new/": f"/settings/{one}/new/" for one in ("trackers", "entities", "groups")},
    **{f"settings/{one}/<str:identity>/": f"/settings/{one}/{{{one}}}/" for one in ("trackers", "entities", "groups")},
    "settings/webhooks/<uuid:webhook_id>/": "/settings/webhooks/{webhook}/",
    "settings/apps/<int:app_pk>/": "/settings/apps/{app}/",
    "live/<path:connection_id>/": "/live/room/",
    "streams/": "/streams/",
    "developers/network/": "/developers/network/",
    "streams/<slug:name>/": "/streams/echo/",
    "api/docs": "/api/docs",
}
"""The pages of somebody who is signed in, by route."""
OTHER_PAGES = {
    "a search": "/conversations/?q=budget",
    "a search without results": "/conversations/?q=xylophone",
    "a search for a long word": f"/conversations/?q={'x' * 80}",
    "a search with an error": "/conversations/?q=budget type:nonsense",
    "an empty list": "/conversations/?person=Nobody",
    "shared conversations": "/conversations/?shared=yes",
    "tasks of everyone": "/?tasks=all",
    "no such page": "/nothing/here/",
    "a public summary page": "/shared/{summary}/",
    "a withdrawn link": "/shared/{withdrawn}/",
    "a list of people that match": "/people/?q=jane",
}
"""More states of pages that an address has."""
ANONYMOUS = {
    "signin/": "/signin/",
    "signin/inactive/": "/signin/inactive/",
    "signin/cancelled/": "/signin/cancelled/",
    "password/reset/": "/password/reset/",
    "password/reset/done/": "/password/reset/done/",
    "password/changed/": "/password/changed/",
    "confirm-email/": "/confirm-email/",
    "^confirm-email/(?P<key>[-:\\w]+)/$": "/confirm-email/wrong/",
    "^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "/password/reset/1-wrong/",
    "invitations/<str:secret>/": "/invitations/{account_invitation}/",
    "a public page": "/shared/{public}/",
    "a public summary page": "/shared/{summary}/",
    "an invitation to guests": "/join/{invitation}/",
    "an unknown address": "/nothing/here/",
}
"""The pages of somebody who is not signed in."""
STATUS = {"/nothing/here/": 404, "/shared/{withdrawn}/": 410}
"""The statuses of pages that are no 200."""
NO_PAGE = {
    "watch/<path:connection_id>/": "redirects to the conversation once it has ended; tests/browser/test_accessibility.py has the live page",
    "welcome/": "exists only before the first account; tests/browser/test_times.py opens it",
    "account/security/passkeys/<int:pk>/": "needs a passkey; tests/browser/test_accounts.py has them",
    "account/security/passkeys/<int:pk>/remove/": "as above",
    "account/security/authenticator/remove/": "needs an authenticator app; tests/browser/test_accounts.py has one",
    "account/security/recovery-codes/": "as above",
    "account/security/recovery-codes/new/": "as above",
    "account/security/recovery-codes/download/": "a file",
    "account/confirm/code/": "needs an authenticator app",
    "account/confirm/passkey/": "needs a passkey",
    "signin/second-step/": "redirects without a first step",
    "signin/passkey/": "redirects; JSON for the script",
    "signin/error/": "needs an identity provider",
    "signin/<slug:provider_id>/": "redirects to an identity provider",
    "signin/<slug:provider_id>/callback/": "redirects from an identity provider",
    "signup/": "needs OPEN_SIGN_UP; tests/browser/test_accounts.py opens it",
    "signup/sso/": "needs an identity provider",
    "settings/": "redirects to the first part",
    "live/": "redirects to a new live page",
    "upload/imports/": "a part of the page for uploads",
    "exports/list/": "a part of the page for exports",
    "exports/<uuid:export_id>/": "a file, or redirects to the page for exports",
    "settings/webhooks/<uuid:webhook_id>/log/": "a part of the page of a webhook",
    "conversations/<int:conversation_id>/voices/<uuid:member_id>/": "needs voices; tests/paths/test_voice_profiles.py opens it",
    "conversations/<int:conversation_id>/contents/": "a part of the page of a conversation",
    "conversations/<int:conversation_id>/history/": "a part of the page of a conversation",
    "conversations/<int:conversation_id>/words.json": "JSON",
    "conversations/<int:conversation_id>/people.json": "JSON",
    "conversations/<int:conversation_id>/download.<str:form>": "a file",
    "conversations/<int:conversation_id>/experiences/<int:experience_id>/style.css": "a stylesheet",
    "shared/<str:secret>/style.css": "a stylesheet",
    "resume-point/<path:connection_id>/": "JSON",
    "heard/<path:connection_id>/": "JSON",
    "favicon.ico": "an icon",
    "review/training.jsonl.gz": "a file",
    "manifest.webmanifest": "JSON",
    "service-worker.js": "a script",
    "healthz": "text",
    "readyz": "text",
    "api/openapi.json": "JSON",
    "rtc/config": "JSON",
    **{
        f"{prefix}{rest}": "no page"
        for prefix in ("", "streams/<slug:name>/")
        for rest in ("webrtc/offer", "page/inputs", "page/outputs", "input_hook", "telephone/incoming", "updates", "outputs")
    },
}
"""Routes without a page of their own here, with the reason. Routes of the API, and those without GET, are left out without one."""


@dataclass(frozen=True)
class Site:
    """A server, the cookies of its administrator, and the ids and secrets that are parts of addresses."""

    server: Server
    signed_in: Any
    made: dict[str, str]

    def address(self, path: str) -> str:
        """Return the URL of a path of PAGES."""
        return self.server.url + path.format(**self.made)


@pytest.fixture(scope="module")
def site(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on which every page has something to show."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("pages") / "data"), {"RECOGNISER": "scripted", "VOICE_PROFILES": "1"})
    made = json.loads(server.manage("shell", "--no-imports", "-v0", "-c", SET_UP).strip().splitlines()[-1])
    server.start()
    yield Site(server, signed_in(server), made)
    server.kill()


@dataclass(frozen=True)
class Window:
    """A window, the errors of scripts and of the security policy on its page, and the responses that the page is made of."""

    page: Page
    errors: list[str]
    responses: list[Response]

    def open(self, address: str, status: int) -> None:
        """Open a page on the smallest screen in the light scheme."""
        self.page.set_viewport_size(SMALLEST)
        self.page.emulate_media(color_scheme="light")
        self.errors.clear()
        self.responses.clear()
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status == status
        self.page.wait_for_load_state()

    def sizes(self) -> list[tuple[int, str]]:
        """Return the bytes of each of the page's own stylesheets and scripts."""
        own = [one for one in self.responses if one.request.resource_type in ("stylesheet", "script") and one.ok]
        return sorted(((len(one.body()), one.url) for one in own), reverse=True)


def responses_of(page: Page) -> list[Response]:
    """Return a list that collects a page's responses."""
    found: list[Response] = []
    page.on("response", lambda response: found.append(response))
    return found


@pytest.fixture(scope="module")
def windows(module_browser: Browser, site: Site) -> Iterator[dict[bool, Window]]:
    """One window that is signed in and one that is not, without motion. The service worker has tests of its own (test_installed_app)."""
    made: dict[bool, Window] = {}
    for known in (True, False):
        state = site.signed_in if known else None
        context = module_browser.new_context(storage_state=state, reduced_motion="reduce", service_workers="block")
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        made[known] = Window(page, page_errors(page), responses_of(page))
    yield made
    for window in made.values():
        window.page.context.close()


def too_wide(page: Page) -> list[str]:
    """Return the elements that make a page scroll sideways; an empty list if it does not."""
    found: list[str] = page.evaluate(TOO_WIDE)
    return found


def check(window: Window) -> None:
    """Check a page on the smallest screen, in both schemes, and on a wide one."""
    page = window.page
    assert too_wide(page) == []
    assert faults(page) == []
    name = urlsplit(page.url).path.strip("/").replace("/", "-") or "home"
    shot(page, f"{name}-small")
    page.emulate_media(color_scheme="dark")
    assert faults(page) == [], "dark"
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    assert faults(page) == []
    shot(page, name)
    assert page.evaluate("document.getAnimations().length") == 0, "reduced motion"
    assert sum(size for size, _ in window.sizes()) < MOST_BYTES, window.sizes()
    assert window.errors == []


@pytest.mark.parametrize("path", [*PAGES.values(), *OTHER_PAGES.values()])
def test_a_page_of_somebody_who_is_signed_in(windows: dict[bool, Window], site: Site, path: str) -> None:
    """It fits a screen of 320 px, axe finds nothing there, in the dark and on a wide screen, nothing moves, and it is small."""
    windows[True].open(site.address(path), STATUS.get(path, 200))
    check(windows[True])


@pytest.mark.parametrize("path", ANONYMOUS.values())
def test_a_page_of_somebody_who_is_not_signed_in(windows: dict[bool, Window], site: Site, path: str) -> None:
    """As for those who are."""
    windows[False].open(site.address(path), STATUS.get(path, 200))
    check(windows[False])


@pytest.mark.parametrize("known", [True, False])
def test_no_control_needs_a_script_that_is_not_there_yet(windows: dict[bool, Window], site: Site, known: bool) -> None:
    """Each works without scripts, or is disabled until its script listens."""
    page = windows[known].page
    page.goto("about:blank")
    paths = [*PAGES.values(), *OTHER_PAGES.values()] if known else ANONYMOUS.values()
    html = {path: page.context.request.get(site.address(path)).text() for path in paths}
    found = {path: deaf for path, text in html.items() if (deaf := page.evaluate(DEAF, text))}
    assert found == {}


@dataclass
class SlowScripts:
    """The scripts of a page, held up until they are released."""

    page: Page
    released: bool = False
    held: list[Route] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Open a page, whose scripts do not arrive."""
        self.page.route("**/*.js", self.hold)
        self.page.goto(address, wait_until="commit")

    def hold(self, script: Route) -> None:
        """Keep a script from the page until all are released."""
        if self.released:
            script.continue_()
        else:
            self.held.append(script)

    def release(self) -> None:
        """Let the scripts arrive."""
        self.released = True
        for one in self.held:
            one.continue_()
        self.page.wait_for_load_state()
        self.page.unroute("**/*.js")


def pressed_live(page: Page) -> None:
    """Check that the live page has started."""
    expect(page.locator("#setup")).to_be_hidden()


def pressed_history(page: Page) -> None:
    """Check that the history of a conversation is open."""
    expect(page.locator("#history")).to_be_visible()


def pressed_deactivate(page: Page) -> None:
    """Check that the page asks before it deactivates an account."""
    expect(page.locator("#confirm")).to_be_visible()


def pressed_import(page: Page) -> None:
    """Check that the upload page says what is wrong with an empty address."""
    expect(page.locator("#url-wrong")).not_to_be_empty()


STYLED = """
    () => document.body?.lastElementChild?.matches(".loading")
      && [...document.querySelectorAll("[rel=stylesheet]")].every((one) => one.sheet)
"""
"""Whether the page is there with all its stylesheets."""
SLOW = {
    "/live/slow/": ("#start", pressed_live),
    "/conversations/{conversation}/": ("#open-history", pressed_history),
    "/people/2/": ("[data-confirm] .button.danger", pressed_deactivate),
    "/upload/": ("#add-url", pressed_import),
}
"""Pages with a control that needs a script, and what it does."""


@pytest.mark.parametrize("path", SLOW)
def test_a_page_whose_scripts_are_slow(windows: dict[bool, Window], site: Site, path: str) -> None:
    """A control is disabled until its script listens; after a second the page says that it loads. Nothing moves, and axe finds nothing."""
    page, slow = windows[True].page, SlowScripts(windows[True].page)
    page.set_viewport_size(SMALLEST)
    page.emulate_media(color_scheme="light")
    control, pressed = page.locator(SLOW[path][0]), SLOW[path][1]
    slow.open(site.address(path))
    try:
        page.wait_for_function(STYLED)
        expect(control).to_be_visible()
        expect(control).to_be_disabled()
        expect(page.get_by_role("status").filter(has_text="Loading…")).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert faults(page) == [], scheme
            shot(page, f"slow-{path.strip('/').split('/')[0]}-{scheme}")
        waiting = control.bounding_box()
    finally:
        slow.release()
    expect(control).to_be_enabled()
    assert control.bounding_box() == waiting
    expect(page.locator("body > .loading")).to_be_hidden()
    control.click()
    pressed(page)


def test_every_route_is_in_a_list() -> None:
    """Whoever adds a page adds it here."""
    pages = {route for route, access in TABLE.items() if access is not POSTED and not route.startswith(("v1/", "oauth2/"))}
    unknown = pages - PAGES.keys() - ANONYMOUS.keys() - NO_PAGE.keys() - {"signout/"}
    assert unknown == set()
