"""`make pictures` takes a picture of every page: its list and the URL configuration have the same pages."""

import pytest
from django.contrib.auth.models import User

from insights.models import Conversation
from tests.browser.pictures.__main__ import DOCUMENTED
from tests.browser.pictures.pages import NO_PAGES, is_no_page, routes_with_a_picture
from tests.config.test_docs import ROOT
from tests.insights.test_access_table import POSTED, TABLE, browser, routes, talk, url_of

__all__ = ["talk"]


def test_every_page_has_a_picture() -> None:
    """Every route that answers GET with a page is in the list of pictures, and every route in the list exists."""
    every = set(routes())
    pages = {route for route in every if not route.startswith("admin/") and TABLE[route] != POSTED and not is_no_page(route)}
    shown = routes_with_a_picture()
    assert shown - every == set()
    assert pages - shown == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", NO_PAGES)
def test_the_other_routes_are_no_pages(route: str, talk: Conversation, owner: User) -> None:
    """A route that is left out answers with no page of its own."""
    answer = browser(owner).get(url_of(route, talk))
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert answer.status_code != 200 or b"<!doctype html" not in body


def test_the_documented_pictures_exist() -> None:
    """The files of docs/pictures are those that `make pictures` writes."""
    there = {one.stem for one in (ROOT / "docs" / "pictures").glob("*.webp")}
    assert there == set(DOCUMENTED.values())
