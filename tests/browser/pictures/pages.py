"""The list of pictures: at least one of each page of the URL configuration, and the routes that are no pages."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

NO_PAGES = {
    "conversations/<int:conversation_id>/contents/": "part of a page",
    "conversations/<int:conversation_id>/history/": "part of a page",
    "conversations/<int:conversation_id>/words.json": "data",
    "conversations/<int:conversation_id>/people.json": "data",
    "shared/<str:secret>/style.css": "file",
    "conversations/<int:conversation_id>/download.<str:form>": "file",
    "conversations/<int:conversation_id>/experiences/<int:experience_id>/style.css": "file",
    "upload/imports/": "part of a page",
    "exports/list/": "part of a page",
    "review/training.jsonl.gz": "file",
    "exports/<uuid:export_id>/": "file",
    "account/security/recovery-codes/download/": "file",
    "signin/passkey/": "options for the browser as JSON; a page only redirects",
    "signin/<slug:provider_id>/": "redirects to the identity provider",
    "signin/<slug:provider_id>/callback/": "redirects",
    "settings/": "redirects",
    "settings/webhooks/<uuid:webhook_id>/log/": "part of a page",
    "live/": "redirects",
    "resume-point/<path:connection_id>/": "data",
    "heard/<path:connection_id>/": "data",
    "favicon.ico": "redirects",
    "manifest.webmanifest": "data",
    "service-worker.js": "file",
    "healthz": "data",
    "readyz": "data",
    "rtc/config": "data",
    "api/openapi.json": "data",
}
"""Routes with a GET that show no page of their own, and what they are instead."""
NO_PAGES_BELOW = ("v1/", "oauth2/")
"""The REST API."""
NO_PAGE_ENDS = ("webrtc/offer", "page/inputs", "page/outputs", "input_hook", "telephone/incoming", "updates", "outputs")
"""Ends of the routes of streams that are no pages."""


@dataclass(frozen=True)
class Picture:
    """A picture: its page by the route of the URL configuration, its address with names of `team.Places`, and whose window shows it.

    `prepare` brings the page into a state; `whole`: the whole page, not only what the window shows.
    """

    name: str
    route: str
    path: str
    who: str = "jane"
    prepare: Callable[[Page], None] | None = None
    whole: bool = True


def click(name: str, role: str = "button") -> Callable[[Page], None]:
    """Return a function that presses the first button with a name."""

    def press(page: Page) -> None:
        page.get_by_role(role, name=name, exact=True).first.click()  # type: ignore[arg-type]

    return press


def _sentence(page: Page) -> None:
    sentence = page.locator(".message", has_text="customer in Berlin").first
    sentence.scroll_into_view_if_needed()
    sentence.click()


def _rename(page: Page) -> None:
    name = page.locator(".turn button.name").first
    name.evaluate("one => one.scrollIntoView({block: 'center'})")
    name.click()


def _card(page: Page) -> None:
    menu = page.locator(".insight button[data-menu=card-menu]").first
    menu.evaluate("one => one.scrollIntoView({block: 'center'})")
    menu.click()
    page.locator("#card-menu button").first.click()


def _wrong_password(page: Page) -> None:
    page.get_by_label("E-mail address").fill("jane@example.com")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()


def _second_step(page: Page) -> None:
    from tests.browser.pictures.people import PASSWORD

    page.goto("/signin/")
    page.get_by_label("E-mail address").fill("tom@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/second-step/**")


def _new_app(page: Page) -> None:
    page.get_by_label("Name").first.fill("Meeting room")
    page.get_by_role("button", name="Create app").click()
    expect(page.get_by_role("heading", name="created")).to_be_visible()


def _type_a_sentence(page: Page) -> None:
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#pill")).to_have_text("Live now")
    for number, text in enumerate(("Can we get a van for twelve people?", "Tom will book it by Friday for 240 euros.")):
        page.get_by_label("Or type").fill(text)
        page.get_by_label("Or type").press("Enter")
        expect(page.locator(".message.user")).to_have_count(number + 1)
        expect(page.locator(".message.other")).to_have_count(number + 1)


def _test_network(page: Page) -> None:
    page.get_by_role("button", name="Start the test").click()
    expect(page.locator("#summary .notice")).to_be_visible()


_TALK = "conversations/<int:conversation_id>/"
_SECURITY = "account/security/"

BEFORE = (
    Picture("set-up-link", "welcome/", "/welcome/", "nobody"),
    Picture("welcome", "welcome/", "/{welcome}", "nobody"),
)
"""Pictures of an installation without an account."""

PICTURES = (
    Picture("home", "", "/"),
    Picture("home-first-run", "", "/", "lee"),
    Picture("conversations", "conversations/", "/conversations/"),
    Picture("search", "conversations/", "/conversations/?q=contract"),
    Picture("search-nothing", "conversations/", "/conversations/?q=zeppelin"),
    Picture("conversation", _TALK, "/conversations/{talk}/"),
    Picture("conversation-sentence", _TALK, "/conversations/{talk}/", prepare=_sentence, whole=False),
    Picture("conversation-speaker", _TALK, "/conversations/{talk}/", prepare=_rename, whole=False),
    Picture("conversation-card", _TALK, "/conversations/{talk}/", prepare=_card, whole=False),
    Picture("conversation-export", _TALK, "/conversations/{talk}/", prepare=click("Export"), whole=False),
    Picture("conversation-share", _TALK, "/conversations/{talk}/", prepare=click("Share"), whole=False),
    Picture("conversation-keys", _TALK, "/conversations/{talk}/", prepare=lambda page: page.keyboard.press("?"), whole=False),
    Picture("remember-voice", f"{_TALK}voices/<uuid:member_id>/", "/conversations/{talk}/voices/{speaker}/"),
    Picture("conversation-live", _TALK, "/conversations/{live}/"),
    Picture("conversation-of-anna", _TALK, "/conversations/{shared}/"),
    Picture("experience", f"{_TALK}experiences/<int:experience_id>/", "/conversations/{talk}/experiences/{experience}/"),
    Picture("share", f"{_TALK}share/", "/conversations/{talk}/share/"),
    Picture("public", "shared/<str:secret>/", "/shared/{public}/", "nobody"),
    Picture("public-summary", "shared/<str:secret>/", "/shared/{summary}/", "nobody"),
    Picture("public-withdrawn", "shared/<str:secret>/", "/shared/{withdrawn}/", "nobody"),
    Picture("join-guest", "join/<str:secret>/", "/join/{guests}/", "nobody"),
    Picture("join-waiting", "join/<str:secret>/", "/join/{colleagues}/", "anna"),
    Picture("invite", "live-invitations/<path:connection_id>/", "/live-invitations/{room}/"),
    Picture("teams", "teams/", "/teams/"),
    Picture("team", "teams/<int:team_id>/", "/teams/{team}/"),
    Picture("upload", "upload/", "/upload/"),
    Picture("exports", "exports/", "/exports/"),
    Picture("exports-none", "exports/", "/exports/", "anna"),
    Picture("exports-long", "exports/", "/exports/?conversation={talk}&format=docx"),
    Picture("bin", "bin/", "/bin/"),
    Picture("live-setup", "live/<path:connection_id>/", "/live/design-review/", whole=False),
    Picture("account", "account/", "/account/"),
    Picture("account-security", _SECURITY, "/account/security/"),
    Picture("account-recording", "account/recording/", "/account/recording/"),
    Picture("account-voices", "account/voices/", "/account/voices/"),
    Picture("account-notifications", "account/notifications/", "/account/notifications/"),
    Picture("account-address", "account/email/", "/account/email/"),
    Picture("confirm-password", "account/confirm/", "/account/confirm/"),
    Picture("authenticator", f"{_SECURITY}authenticator/", "/account/security/authenticator/"),
    Picture("passkey-add", f"{_SECURITY}passkeys/add/", "/account/security/passkeys/add/"),
    Picture("confirm-code", "account/confirm/code/", "/account/confirm/code/", "tom"),
    Picture("confirm-passkey", "account/confirm/passkey/", "/account/confirm/passkey/", "tom"),
    Picture("security-on", _SECURITY, "/account/security/", "tom"),
    Picture("authenticator-remove", f"{_SECURITY}authenticator/remove/", "/account/security/authenticator/remove/", "tom"),
    Picture("passkey", f"{_SECURITY}passkeys/<int:pk>/", "/account/security/passkeys/{passkey}/", "tom"),
    Picture("passkey-remove", f"{_SECURITY}passkeys/<int:pk>/remove/", "/account/security/passkeys/{passkey}/remove/", "tom"),
    Picture("recovery-codes", f"{_SECURITY}recovery-codes/", "/account/security/recovery-codes/", "tom"),
    Picture("recovery-codes-new", f"{_SECURITY}recovery-codes/new/", "/account/security/recovery-codes/new/", "tom"),
    Picture("vocabulary", "settings/vocabulary/", "/settings/vocabulary/"),
    Picture("trackers", "settings/trackers/", "/settings/trackers/"),
    Picture("tracker-new", "settings/trackers/new/", "/settings/trackers/new/"),
    Picture("tracker", "settings/trackers/<str:identity>/", "/settings/trackers/{tracker}/"),
    Picture("entities", "settings/entities/", "/settings/entities/"),
    Picture("entity-new", "settings/entities/new/", "/settings/entities/new/"),
    Picture("entity", "settings/entities/<str:identity>/", "/settings/entities/{entity}/"),
    Picture("groups", "settings/groups/", "/settings/groups/"),
    Picture("group-new", "settings/groups/new/", "/settings/groups/new/"),
    Picture("group", "settings/groups/<str:identity>/", "/settings/groups/{group}/"),
    Picture("developers", "developers/", "/developers/"),
    Picture("developers-new-app", "developers/", "/developers/", "anna", prepare=_new_app),
    Picture("app", "settings/apps/<int:app_pk>/", "/settings/apps/{app}/"),
    Picture("webhooks", "settings/webhooks/", "/settings/webhooks/"),
    Picture("webhook", "settings/webhooks/<uuid:webhook_id>/", "/settings/webhooks/{webhook}/"),
    Picture("people", "people/", "/people/"),
    Picture("person", "people/<int:user_id>/", "/people/{person}/"),
    Picture("health", "people/health/", "/people/health/"),
    Picture("review", "review/", "/review/"),
    Picture("review-edit", "review/", "/review/", prepare=lambda page: page.keyboard.press("e"), whole=False),
    Picture("review-keys", "review/", "/review/", prepare=lambda page: page.keyboard.press("?"), whole=False),
    Picture("review-accepted", "review/", "/review/?state=accepted"),
    Picture("review-nothing", "review/", "/review/?state=disagreed"),
    Picture("review-figures", "review/figures/", "/review/figures/"),
    Picture("streams", "streams/", "/streams/"),
    Picture("network", "developers/network/", "/developers/network/"),
    Picture("network-tested", "developers/network/", "/developers/network/", prepare=_test_network),
    Picture("stream", "streams/<slug:name>/", "/streams/echo/"),
    Picture("stream-components", "streams/<slug:name>/", "/streams/task-finder/", prepare=_type_a_sentence),
    Picture("api", "api/docs", "/api/docs"),
    Picture("api-group", "api/docs", "/api/docs?group=messages"),
    Picture("sign-in", "signin/", "/signin/", "nobody"),
    Picture("sign-in-wrong", "signin/", "/signin/", "nobody", prepare=_wrong_password),
    Picture("second-step", "signin/second-step/", "/signin/", "nobody", prepare=_second_step),
    Picture("account-inactive", "signin/inactive/", "/signin/inactive/", "nobody"),
    Picture("single-sign-on-cancelled", "signin/cancelled/", "/signin/cancelled/", "nobody"),
    Picture("single-sign-on-failed", "signin/error/", "/signin/error/", "nobody"),
    Picture("sign-up", "signup/", "/signup/", "nobody"),
    Picture("invitation", "invitations/<str:secret>/", "/invitations/{invitation}/", "nobody"),
    Picture("invitation-over", "invitations/<str:secret>/", "/invitations/{invitation_over}/", "nobody"),
    Picture("confirm-sent", "confirm-email/", "/confirm-email/", "nobody"),
    Picture("confirm-address", "^confirm-email/(?P<key>[-:\\w]+)/$", "/confirm-email/{confirm}/", "nobody"),
    Picture("password-forgotten", "password/reset/", "/password/reset/", "nobody"),
    Picture("password-asked", "password/reset/done/", "/password/reset/done/", "nobody"),
    Picture("password-new", "^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "{reset}", "nobody"),
    Picture("password-link-over", "^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "/password/reset/1-wrong/", "nobody"),
    Picture("password-changed", "password/changed/", "/password/changed/", "nobody"),
    Picture("offline", "offline/", "/offline/", "nobody"),
    Picture("not-found", "", "/conversations/1/"),
    Picture("wrong-method", "", "/signout/", "nobody"),
    *(Picture(name, "", f"/failing/{status}/") for name, status in (("bad-request", 400), ("no-access", 403), ("server-error", 500))),
    Picture("admin", "admin/", "/admin/"),
    Picture("admin-conversations", "admin/insights/conversation/", "/admin/insights/conversation/"),
    Picture("admin-conversation", "admin/insights/conversation/<path:object_id>/change/", "/admin/insights/conversation/{talk}/change/"),
    Picture("admin-insights", "admin/insights/insight/", "/admin/insights/insight/"),
)
"""The pictures of a filled installation, in an order in which no page changes one of a later picture."""

LIVE = {
    "live": "live/<path:connection_id>/",
    "live-insights": "live/<path:connection_id>/",
    "live-open-insights": "live/<path:connection_id>/",
    "live-invite": "live/<path:connection_id>/",
    "watch": "watch/<path:connection_id>/",
    "single-sign-on-new": "signup/sso/",
}
"""Pictures with a course of their own in `__main__.py`, and their routes."""


def routes_with_a_picture() -> set[str]:
    """Return the routes of the URL configuration that a picture shows."""
    return {one.route for one in (*BEFORE, *PICTURES)} | set(LIVE.values())


def is_no_page(route: str) -> bool:
    """Return whether a route is none of a page: part of a page, data, a file, a redirection, or the REST API."""
    return route in NO_PAGES or route.startswith(NO_PAGES_BELOW) or route.endswith(NO_PAGE_ENDS)
