"""The portal without Redis: everything that needs one process only works."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.servers import Server
from tests.services import running_redis

PAGES = ["/", "/live/", "/live/room/", "/resume-point/room/", "/streams/", "/streams/echo/", "/admin/"]
CALLS = ["/api/docs", "/v1/conversations", "/healthz"]
PASSWORD = "correct horse battery"


def token_in(page: httpx.Response) -> dict[str, str]:
    """Return the hidden CSRF field of a form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found, page.text
    return {"csrfmiddlewaretoken": found.group(1)}


def test_signing_in_and_every_page(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """After Redis stops, users sign in, read, begin a conversation and sign out, and password guessing stays limited."""
    with ExitStack() as stack:
        server = make_server(REDIS_URL=stack.enter_context(running_redis(tmp_path)), TOKEN_TRIES_PER_MINUTE="2")
        with httpx.Client(base_url=server.url, follow_redirects=True, timeout=30) as browser:
            link = server.manage("setuplink").strip()
            welcome = browser.get(link)
            account = {"name": "Jane", "email": "jane@example.com", "password": PASSWORD, "again": PASSWORD}
            account["token"] = link.partition("?token=")[2]
            assert browser.post("/welcome/", data=account | token_in(welcome)).url.path == "/"
            browser.post("/signout/", data=token_in(browser.get("/")))
            stack.close()
            form = {"username": "jane@example.com", "password": PASSWORD, **token_in(browser.get("/signin/"))}
            assert browser.post("/signin/", data=form).url.path == "/"
            for page in PAGES + CALLS:
                assert browser.get(page).status_code == 200, page
            browser.post("/signout/", data=token_in(browser.get("/")))
            wrong = {**form, "password": "wrong", **token_in(browser.get("/signin/"))}
            assert [browser.post("/signin/", data=wrong).status_code for _ in range(3)] == [200, 200, 429]
            assert browser.get("/readyz").status_code == 503
