"""Authentication of WebSockets: tokens from any origin, the portal's cookie from our own origin only (design law 6)."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from insights import access
from insights.models import App
from streaming.aio.database_executors import close_database_threads
from streaming.transports.auth import RequestCredentials, grant_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Close the database connections of threads before the test's database is removed."""
    yield
    close_database_threads()


def credentials(headers: dict[str, str] | None = None, query: str = "", subprotocols: tuple[str, ...] = ()) -> RequestCredentials:
    """Return the credentials of a client's handshake."""
    pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return RequestCredentials.from_scope({"headers": pairs, "query_string": query.encode(), "subprotocols": list(subprotocols)})


async def requester(knocking: RequestCredentials) -> int | None:
    """Return the id of the authenticated user."""
    by = await grant_of(knocking)
    return by.user_id if by else None


@pytest.fixture
def cookie(user: User) -> str:
    """The portal's session cookie of a signed-in user."""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


async def test_a_token_from_any_origin(user: User, token: str) -> None:
    """Query, both headers and the subprotocol carry the token."""
    presented = [
        credentials(query=f"access_token={token}"),
        credentials({"x-api-key": token}),
        credentials({"authorization": f"Bearer {token}"}),
        credentials(subprotocols=(token,)),
    ]
    assert [await requester(one) for one in presented] == [user.pk] * 4


async def test_without_a_token(user: User) -> None:
    """Without a valid token there is no user."""
    for one in (
        credentials(),
        credentials(query="access_token=abc"),
        credentials({"authorization": "Basic abc"}),
        credentials(subprotocols=("chat",)),
    ):
        assert await requester(one) is None


async def test_a_revoked_app(user: User, token: str) -> None:
    """A token is invalid once its app is revoked or its account is disabled."""
    from asgiref.sync import sync_to_async

    await sync_to_async(User.objects.update)(is_active=False)
    assert await requester(credentials({"x-api-key": token})) is None
    await sync_to_async(User.objects.update)(is_active=True)
    assert await requester(credentials({"x-api-key": token})) == user.pk
    from django.utils import timezone

    await sync_to_async(App.objects.update)(revoked_at=timezone.now())
    assert await requester(credentials({"x-api-key": token})) is None


async def test_the_cookie_from_our_own_origin(user: User, cookie: str) -> None:
    """A page of our origin needs no token."""
    headers = {"cookie": cookie, "host": "talk.example.org", "origin": "https://talk.example.org"}
    assert await requester(credentials(headers)) == user.pk


@pytest.mark.parametrize(
    "origin", ["http://[", "https://evil.example", "https://talk.example.org.evil.example", "null", "", "https://talk.example.org:8443"]
)
async def test_the_cookie_from_another_origin(cookie: str, origin: str) -> None:
    """The cookie is ignored from another origin and without an origin."""
    headers = {"cookie": cookie, "host": "talk.example.org"} | ({"origin": origin} if origin else {})
    assert await requester(credentials(headers)) is None


async def test_a_cookie_after_a_new_password(user: User, cookie: str) -> None:
    """A new password ends older sign-ins here too."""
    from asgiref.sync import sync_to_async

    user.set_password("another good password")
    await sync_to_async(user.save)()
    assert await requester(credentials({"cookie": cookie, "host": "a", "origin": "http://a"})) is None


async def test_malformed_cookies_are_no_error() -> None:
    """No value of the header raises an error."""
    for text in ("", ";;;", "sessionid", "sessionid=\x80", "a=b; sessionid=x" * 10):
        assert await requester(credentials({"cookie": text, "host": "a", "origin": "http://a"})) is None


async def test_a_token_behind_many_other_fields(user: User, token: str) -> None:
    """A query may have as many fields as fit into a request line."""
    fields = "&".join(f"field{number}=1" for number in range(150))
    assert await requester(credentials(query=f"{fields}&access_token={token}")) == user.pk


def test_a_token_is_made_for_one_account(user: User, token: str) -> None:
    """The token names its account and no other."""
    found = access.app_of_token(token)
    assert found is not None
    assert found.owner_id == user.pk
