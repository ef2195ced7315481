"""Every route of the site, and its responses to each caller (design law 6). A route that is not in the table fails the tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from insights import access, insight_kinds, managed, webhooks
from insights.models import (
    AccountEntity,
    AccountTracker,
    App,
    Bookmark,
    Conversation,
    ConversationGroup,
    Experience,
    Export,
    Job,
    ShareLink,
    VoiceProfile,
)
from insights.voice_enrolment import EnrolledVoice
from insights.voice_vectors import VoiceVector
from streaming.aio.database_executors import close_database_threads
from tests.insights.conftest import Say

pytestmark = pytest.mark.django_db(transaction=True)  # streams authenticate in threads

SECRET = "zeppelin"
OWN_ID = 10**15
"""The id of the owner's entity, bookmark and experience."""


@dataclass(frozen=True)
class Access:
    """The statuses for three callers; `owner` sees the conversation's words where the page shows any."""

    anonymous: int
    owner: int
    other: int


MAY_BE_KEPT = {"api/openapi.json"}
"""The routes whose responses may be cached; static files are no routes."""
PUBLIC = Access(200, 200, 200)
PUBLIC_LINK = Access(200, 200, 200)
"""Who has the secret reads the words without an account."""
OWN_API = Access(401, 200, 404)
OWN_PAGE = Access(302, 200, 404)
NEEDS_MODEL = Access(401, 501, 404)  # no language model is configured
SIGNED_IN = Access(302, 200, 200)
STAFF = Access(302, 302, 302)
REDIRECTED = Access(302, 302, 302)
UNPROVEN = Access(302, 403, 403)  # these accounts have neither a password nor a second factor to prove who they are
NO_PAGE = Access(404, 404, 404)
ADMINISTRATORS = Access(302, 404, 404)  # nobody of the three is one, see portal/test_people
REVIEWERS = Access(302, 404, 404)  # as for administrators, see portal/test_review
POSTED = Access(405, 405, 405)  # no GET; the tests of the route test the access
OWN_SESSION = Access(401, 422, 422)  # the webrtc_id is missing here; test_updates tests its owner
_CONVERSATION = "v1/conversations/<conversation_id>"

TABLE: dict[str, Access] = {
    "": SIGNED_IN,
    "conversations/": SIGNED_IN,
    "tasks/<uuid:insight_id>/": POSTED,  # see portal/test_home
    "sample/": POSTED,
    "welcome/": Access(404, 404, 404),  # an account exists, see test_first_account
    "signin/": Access(200, 302, 302),
    "signout/": Access(405, 405, 405),  # POST only
    "conversations/<int:conversation_id>/": OWN_PAGE,
    "conversations/<int:conversation_id>/contents/": OWN_PAGE,
    "conversations/<int:conversation_id>/history/": OWN_PAGE,
    "conversations/<int:conversation_id>/words.json": OWN_PAGE,
    "conversations/<int:conversation_id>/people.json": OWN_PAGE,
    "conversations/<int:conversation_id>/download.<str:form>": OWN_PAGE,
    "conversations/<int:conversation_id>/experiences/<int:experience_id>/": OWN_PAGE,
    "conversations/<int:conversation_id>/experiences/<int:experience_id>/style.css": OWN_PAGE,
    "conversations/<int:conversation_id>/delete/": POSTED,
    "conversations/<int:conversation_id>/voices/<uuid:member_id>/": Access(302, 404, 404),  # they are off, see portal/test_voice_profiles
    "conversations/<int:conversation_id>/share/": OWN_PAGE,
    "shared/<str:secret>/": PUBLIC_LINK,
    "shared/<str:secret>/style.css": NO_PAGE,  # this link leads to no summary page, see api/test_experiences
    "join/<str:secret>/": Access(302, 302, 200),  # the owner gets the own live page, see portal/test_sharing
    "live-invitations/<path:connection_id>/": SIGNED_IN,  # each caller gets its own
    "teams/": SIGNED_IN,
    "teams/<int:team_id>/": OWN_PAGE,
    "v1/shared/<secret>/audio": Access(404, 404, 404),  # this one has none, see portal/test_sharing
    "exports/": SIGNED_IN,
    "exports/list/": SIGNED_IN,  # each caller gets its own, see portal/test_exports
    "exports/new/": POSTED,
    "exports/<uuid:export_id>/": Access(302, 302, 404),  # the owner's is not ready and leads to the page
    "exports/<uuid:export_id>/remove/": POSTED,
    "upload/": SIGNED_IN,
    "upload/imports/": SIGNED_IN,  # each caller gets its own, see portal/test_upload
    "bin/": SIGNED_IN,
    "bin/<int:conversation_id>/restore/": POSTED,  # as the next one, see portal/test_bin
    "bin/<int:conversation_id>/delete/": POSTED,
    "account/": SIGNED_IN,
    **dict.fromkeys(("account/recording/", "account/notifications/", "account/email/", "account/security/", "developers/"), SIGNED_IN),
    "account/voices/": SIGNED_IN,  # each caller gets its own, see portal/test_voice_profiles
    **dict.fromkeys(
        (f"account/voices/{rest}" for rest in ("switch/", "enrol/", "<uuid:profile_id>/", "<uuid:profile_id>/delete/")), POSTED
    ),
    # accounts with a password are asked for it first, see portal/test_second_factor
    **dict.fromkeys((f"account/security/{rest}" for rest in ("authenticator/", "passkeys/add/", "recovery-codes/new/")), SIGNED_IN),
    **dict.fromkeys((f"account/security/passkeys/<int:pk>/{rest}" for rest in ("", "remove/")), Access(302, 404, 404)),
    "account/security/authenticator/remove/": Access(302, 404, 404),  # only who has one, as for recovery codes
    "account/security/recovery-codes/": Access(302, 404, 404),
    "account/security/recovery-codes/download/": Access(302, 404, 404),
    "account/security/devices/sign-out/": POSTED,
    "account/security/devices/<int:device_id>/sign-out/": POSTED,  # see portal/test_devices
    **dict.fromkeys((f"account/confirm/{rest}" for rest in ("", "code/", "passkey/")), UNPROVEN),
    "signin/second-step/": REDIRECTED,  # to the first step
    "signin/passkey/": REDIRECTED,
    "signin/inactive/": PUBLIC,
    "signin/cancelled/": PUBLIC,
    "signin/error/": Access(401, 401, 401),
    "signin/<slug:provider_id>/": NO_PAGE,  # no identity provider is configured, see portal/test_single_sign_on
    "signin/<slug:provider_id>/callback/": NO_PAGE,
    "signup/": NO_PAGE,  # OPEN_SIGN_UP is off, see portal/test_sign_up
    "signup/sso/": REDIRECTED,
    "confirm-email/": PUBLIC,
    "^confirm-email/(?P<key>[-:\\w]+)/$": PUBLIC,
    "password/reset/": PUBLIC,
    "password/reset/done/": PUBLIC,
    "^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": PUBLIC,
    "password/changed/": PUBLIC,
    "account/profile/": POSTED,
    "account/retention/": POSTED,
    "account/summary-pages/": POSTED,
    "account/password/": POSTED,
    "account/apps/": POSTED,
    "account/apps/<int:app_pk>/revoke/": POSTED,
    "invitations/<str:secret>/": NO_PAGE,  # this one was never valid, see portal/test_invitations
    **dict.fromkeys(("people/", "people/health/", "people/<int:user_id>/"), ADMINISTRATORS),
    **{
        f"people/{rest}": POSTED  # portal/test_people tests who may
        for rest in (
            "invitations/",
            "invitations/<uuid:invitation_id>/withdraw/",
            "requests/<int:request_id>/dismiss/",
            *(f"<int:user_id>/{one}/" for one in ("roles", "limits", "active", "second-factors", "sign-out", "reset-link")),
        )
    },
    **dict.fromkeys((f"review/{rest}" for rest in ("", "figures/", "training.jsonl.gz")), REVIEWERS),
    **dict.fromkeys((f"review/{rest}" for rest in ("undo/", "<uuid:insight_id>/decide/")), POSTED),
    "v1/review/<insight_id>/audio": Access(401, 404, 404),
    "settings/": REDIRECTED,
    **dict.fromkeys((f"settings/{one}/" for one in ("vocabulary", "trackers", "entities", "groups", "webhooks")), SIGNED_IN),
    **{
        f"settings/{one}/{rest}": access
        for one in ("trackers", "entities", "groups")
        for rest, access in (("new/", SIGNED_IN), ("<str:identity>/", OWN_PAGE), ("<str:identity>/delete/", POSTED))
    },
    **dict.fromkeys((f"settings/webhooks/<uuid:webhook_id>/{rest}" for rest in ("", "log/")), OWN_PAGE),
    **{f"settings/webhooks/<uuid:webhook_id>/{rest}/": POSTED for rest in ("test", "active", "secret", "delete")},
    "settings/apps/<int:app_pk>/": OWN_PAGE,
    "settings/apps/<int:app_pk>/tokens/": POSTED,
    "live/": Access(302, 302, 302),  # to a new live page
    "live/<path:connection_id>/": SIGNED_IN,  # connection ids belong to their owner
    "watch/<path:connection_id>/": OWN_PAGE,
    "resume-point/<path:connection_id>/": SIGNED_IN,
    "heard/<path:connection_id>/": SIGNED_IN,
    "favicon.ico": Access(302, 302, 302),
    **dict.fromkeys(("manifest.webmanifest", "service-worker.js", "offline/"), PUBLIC),  # nothing of an account
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "api/docs": PUBLIC,
    "api/openapi.json": PUBLIC,
    "oauth2/token:generate": Access(405, 405, 405),  # POST only, see test_oauth
    "oauth2/token:refresh": Access(405, 405, 405),  # POST only
    "oauth2/token:revoke": Access(405, 405, 405),  # DELETE only
    "v1/conversations": Access(401, 200, 200),
    "v1/jobs": Access(401, 200, 200),  # each caller gets its own
    "v1/exports": Access(401, 200, 200),  # each caller gets its own
    "v1/exports/<export_id>": OWN_API,
    "v1/exports/<export_id>/file": Access(401, 410, 404),  # this one is not ready, see api/test_exports
    "v1/job/<job_id>": OWN_API,
    "v1/job/<job_id>/cancel": Access(405, 405, 405),  # POST only, see api/test_jobs
    **{
        route: Access(401, 200, 200)  # the managed trackers are the same for every account, see test_managed for other ones
        for one in ("tracker", "trackers")
        for route in (f"v1/manage/{one}", f"v1/manage/{one}/<tracker_id>")
    },
    "v1/manage/entities": Access(401, 200, 200),
    "v1/manage/entities/bulk": POSTED,
    "v1/manage/entities/<entity_id>": OWN_API,
    **{f"v1/manage/{one}": Access(401, 200, 200) for one in ("group", "groups")},
    **{f"v1/manage/{one}/<group_id>": OWN_API for one in ("group", "groups")},
    "v1/groups/<group_id>/conversations": OWN_API,
    "v1/manage/vocabulary": Access(401, 200, 200),
    "v1/manage/voice-profiles": Access(401, 200, 200),  # those of the account, see api/test_manage_voices
    "v1/manage/voice-profiles/speaker": POSTED,
    "v1/manage/voice-profiles/<profile_id>": OWN_API,
    "v1/endpoint:connect": POSTED,
    "v1/event/<connection_id>": POSTED,
    "v1/conversations/experiences/insights/list": Access(401, 200, 200),
    "v1/conversations/experiences/insights/details/<conversation_id>": OWN_API,
    f"{_CONVERSATION}/experiences": OWN_API,
    f"{_CONVERSATION}/experiences/url": POSTED,  # PUT only
    f"{_CONVERSATION}/experiences/<experience_id>": POSTED,  # DELETE only
    **{f"{_CONVERSATION}/bookmarks{rest}": OWN_API for rest in ("", "/<bookmark_id>", "/<bookmark_id>/summary", "-summary")},
    "v1/webhooks": Access(401, 200, 200),  # those of the account, see test_webhooks
    "v1/webhooks/<webhook_id>": OWN_API,
    "v1/webhooks/<webhook_id>/secret": POSTED,
    "v1/webhooks/<webhook_id>/test": POSTED,
    "v1/webhooks/<webhook_id>/deliveries": OWN_API,
    "v1/process/text": POSTED,
    "v1/process/text/<conversation_id>": POSTED,
    **{
        f"v1/process/{media}{rest}": POSTED
        for media in ("audio", "video")
        for rest in ("", "/<conversation_id>", "/url", "/url/<conversation_id>")
    },
    "rtc/config": Access(401, 200, 200),
    "streams/": SIGNED_IN,
    "developers/network/": SIGNED_IN,
    "streams/<slug:name>/": SIGNED_IN,
    "streams/<slug:name>/page/inputs": POSTED,  # see streaming/transports/test_page_components
    "streams/<slug:name>/page/outputs": POSTED,
    **{
        f"{prefix}{rest}": access
        for prefix in ("", "streams/<slug:name>/")
        for rest, access in (
            ("webrtc/offer", POSTED),
            ("input_hook", POSTED),
            ("telephone/incoming", Access(401, 200, 200)),
            ("updates", OWN_SESSION),
            ("outputs", OWN_SESSION),
        )
    },
    _CONVERSATION: OWN_API,
    f"{_CONVERSATION}/redact": POSTED,
    "v1/manage/person": POSTED,  # DELETE only, see test_delete
    **{
        f"{_CONVERSATION}/{rest}": OWN_API
        for rest in (
            "messages",
            *(kind.path for kind in insight_kinds.kinds()),
            "insights",
            "topics",
            "trackers",
            "trackers-detected",
            "abstract-topics",
            "comprehensive/action-items",
            "entities",
            "members",
            "notes",
            "analytics",
            "summary",
            "events",
            "changes",
            "audio/sessions",
        )
    },
    f"{_CONVERSATION}/audio": Access(401, 404, 404),  # this one has none, see api/test_audio
    f"{_CONVERSATION}/changes/<change_id>/undo": POSTED,
    f"{_CONVERSATION}/insights/<insight_id>": POSTED,
    f"{_CONVERSATION}/members/<member_id>": POSTED,
    f"{_CONVERSATION}/members/<member_id>/merge": POSTED,
    f"{_CONVERSATION}/messages/<message_id>": POSTED,
    f"{_CONVERSATION}/messages/<message_id>/join": POSTED,
    f"{_CONVERSATION}/messages/<message_id>/split": POSTED,
    f"{_CONVERSATION}/messages/<message_id>/speaker": POSTED,
    f"{_CONVERSATION}/notes/<note_id>": POSTED,  # see api/test_notes
    f"{_CONVERSATION}/speakers": POSTED,
    f"{_CONVERSATION}/transcript": POSTED,
    **{f"{_CONVERSATION}/{rest}": NEEDS_MODEL for rest in ("intents", "callscore", "callscore/status", "lm-insights/status")},
}


def routes(patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[str]:
    """Return every route below a prefix, as it is written in the URL configuration."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Close the database connections of threads before the test's database is removed."""
    yield
    close_database_threads()


@pytest.fixture
def talk(say: Say) -> Conversation:
    """Return the owner's conversation."""
    say(f"Is the {SECRET} ready?")
    User.objects.create(username="somebody", password="any")  # the installation is not empty
    made = Conversation.objects.get()
    AccountEntity.objects.create(id=OWN_ID, owner=made.owner, type="Vehicle", sub_type="Airship", values=[SECRET])
    AccountTracker.objects.create(id=OWN_ID, owner=made.owner, name=SECRET, vocabulary=[SECRET])
    App.objects.create(id=OWN_ID, owner=made.owner, name=SECRET, app_id="a" * 64)
    ConversationGroup.objects.create(id=OWN_ID, owner=made.owner, name=SECRET, criteria="name!=x")
    Bookmark.objects.create(id=OWN_ID, conversation=made, label=SECRET, begin_s=0, duration_s=60, created_at=made.started_at)
    Experience.objects.create(id=OWN_ID, conversation=made, name="text-summary")
    return made


def url_of(route: str, talk: Conversation) -> str:
    """Return the URL of a route for the owner's conversation."""
    parts = {
        "<int:conversation_id>": talk.pk,
        "<conversation_id>": talk.pk,
        "<str:form>": "txt",
        "<int:app_pk>": OWN_ID,
        "<str:identity>": OWN_ID,
        "<int:pk>": 1,
        "<int:user_id>": talk.owner_id,
        "<int:request_id>": 1,
        "<uuid:invitation_id>": uuid4(),
        "<str:secret>": "wrong",
        "<int:device_id>": 1,
        "<slug:provider_id>": "sso",
        "(?P<key>[-:\\w]+)": "wrong",
        "(?P<uidb36>[0-9A-Za-z]+)": "1",
        "(?P<key>.+)": "wrong",
        "<path:connection_id>": talk.connection_id,
        "<connection_id>": talk.connection_id,
        "<slug:name>": "conversation",
        "<tracker_id>": "managed-pricing",
        "<job_id>": Job.objects.create(kind="mail", owner_id=talk.owner_id).pk,
        "<change_id>": 1,
        "<insight_id>": uuid4(),
        "<uuid:insight_id>": uuid4(),
        "<member_id>": uuid4(),
        "<uuid:member_id>": uuid4(),
        "<uuid:profile_id>": uuid4(),
        "<message_id>": uuid4(),
        "<note_id>": uuid4(),
        "<entity_id>": OWN_ID,
        "<group_id>": OWN_ID,
        "<bookmark_id>": OWN_ID,
        "<experience_id>": OWN_ID,
        "<int:experience_id>": OWN_ID,
    }
    made: dict[str, Callable[[], object]] = {
        "<int:team_id>": lambda: managed.create_team(talk.owner, SECRET).pk,
        "<str:secret>": lambda: _secret(route, talk),
        "<secret>": lambda: _secret("shared", talk),
        "<export_id>": lambda: _export(talk),
        "<uuid:export_id>": lambda: _export(talk),
        "<profile_id>": lambda: _voice_profile(talk),
        "<webhook_id>": lambda: _webhook(talk),
        "<uuid:webhook_id>": lambda: _webhook(talk),
    }
    parts |= {part: make() for part, make in made.items() if part in route}
    for part, value in parts.items():
        route = route.replace(part, str(value))
    route = route.removeprefix("^").removesuffix("$")
    assert "<" not in route, f"{route}: say in `url_of` what stands for its parts"
    return "/" + route


def _export(talk: Conversation) -> object:
    """Return the id of a new export of the owner, which has not begun."""
    return Export.objects.create(job=Job.objects.create(kind="export", owner_id=talk.owner_id), format="txt").pk


def _voice_profile(talk: Conversation) -> object:
    """Return the id of a new voice profile of the owner."""
    voice = EnrolledVoice((VoiceVector(np.ones(2, np.float32), 6.0),), "community")
    return managed.enrol(talk.owner_id, managed.Enrolment(SECRET, "", voice, VoiceProfile.Consent.CONFIRMED)).pk


def _webhook(talk: Conversation) -> object:
    """Return the id of a new webhook of the owner."""
    return webhooks.create_endpoint(talk.owner_id, "https://8.8.8.8/", ["insight.created"]).pk


def _secret(route: str, talk: Conversation) -> str:
    """Return the secret of a public link to the conversation, or of an invitation to it."""
    if route.startswith("join"):
        return access.secret_of(access.invite(talk.owner_id, talk.connection_id, ShareLink.Kind.SPEAK, guests=False))
    return access.secret_of(access.create_public_link(talk, 7, audio=True))


def browser(user: User | None) -> Client:
    """Return a browser that is signed in as a user, or anonymous."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def test_every_route_is_in_the_table() -> None:
    """The table has every existing route and no other."""
    assert {route for route in routes() if not route.startswith("admin/")} == set(TABLE)


@pytest.mark.parametrize("route", list(TABLE))
def test_each_caller_gets_the_status_of_the_table(route: str, talk: Conversation, owner: User, other_owner: User) -> None:
    """Each caller gets its status, and only the owner gets the words."""
    url, expected = url_of(route, talk), TABLE[route]
    answers = {}
    for name, user in (("anonymous", None), ("owner", owner), ("other", other_owner)):
        response = browser(user).get(url)
        answers[name] = 200 if (route, response.status_code) == ("readyz", 503) else response.status_code  # not loaded yet
        if name != "owner" and expected is not PUBLIC_LINK:
            assert SECRET not in response.content.decode()
        assert route in MAY_BE_KEPT or "no-store" in response.headers.get("Cache-Control", ""), f"{route} may be kept by a browser"
    assert Access(**answers) == expected


ADMIN = [route for route in routes() if route.startswith("admin/") and "(?P" not in route]


@pytest.mark.parametrize("route", ADMIN)
def test_the_admin_is_for_staff(route: str, talk: Conversation, owner: User) -> None:
    """Every page of the admin redirects a user who is not staff to the sign-in, and the sign-in leads no further."""
    url = "/" + route.replace("<path:object_id>", str(talk.pk)).replace("<path:content_type_id>", "1").replace("<id>", "1")
    for user in (None, owner):
        response = browser(user).get(url)
        assert response.status_code in ((403,) if url == "/admin/login/" and user else (302, 405))
        assert SECRET not in response.content.decode()
