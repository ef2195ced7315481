"""Every page in German: whatever a page says is a translation of the catalogue, or it was typed by somebody."""

import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from insights import access
from insights.models import Conversation
from tests.insights.test_access_table import SECRET, TABLE, talk, url_of  # noqa: F401  # talk is a fixture
from tools.translations.catalogues import read

pytestmark = pytest.mark.django_db(transaction=True)

READ_OUT = {"aria-label", "title", "placeholder", "alt", "data-confirm", "data-text", "data-yes"}
NOT_READ = {"script", "style", "code", "pre", "kbd", "svg", "datalist", "bdi"}
"""Elements whose content is no text of ours: code, names, zones."""
PHRASES = re.compile(r'<span class="words">.*?</span>\s*</p>|<span class="words">.*?</li>', re.DOTALL)
"""The phrases of built-in trackers are those that speech recognition, which is English, hears."""
WORD = re.compile(r"[A-Za-zÄÖÜäöüß]{2,}")
TYPED = re.compile(
    rf"Is the {SECRET} ready\?|{SECRET}|Ada|Vehicle|Airship|a{{8}}|owner@example\.org|owner|somebody|https?://\S+|wss?://\S+|\S+@\S+|/v1/\S*|[0-9a-f-]{{32,}}"
)
"""What the tests typed, and addresses."""
ALLOWED = frozenset(
    WORD.findall("""
    Parley English Deutsch UTC WebRTC WebSocket GET POST PUT PATCH DELETE min MB GiB json id URL OK startTime endTime
    metadata key manage py worker test name type SQLite PostgreSQL Django Python stream read write echo motion tone voice
    notes conversation en US GB started completed created matched assigned insight tracker task Jan Feb März April Mai Juni
    Juli Aug Sep Sept Okt Nov Dez November Dezember
    """)
)
"""Names of things that are the same in German: of products, months, formats, scopes, events and streams."""


class Words(HTMLParser):
    """The texts of a page that people read or hear, each with the element that it is in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.skipped: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take the attributes that are read out."""
        if tag in NOT_READ:
            self.skipped.append(tag)
        if not self.skipped:
            self.texts += [value for name, value in attributes if name in READ_OUT and value]

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if self.skipped and self.skipped[-1] == tag:
            self.skipped.pop()

    def handle_data(self, data: str) -> None:
        """Take a text."""
        if not self.skipped and data.strip():
            self.texts.append(" ".join(data.split()))


def german_words() -> frozenset[str]:
    """Return all words of the German catalogues."""
    words: set[str] = set()
    for domain in ("django", "djangojs"):
        for one in read("de", domain):
            for text in [one.string] if isinstance(one.string, str) else one.string or ():
                words.update(WORD.findall(re.sub(r"%\(\w+\)[sd]|\{\w+\}", " ", text)) if one.id else ())
    return frozenset(words)


GERMAN = german_words()


def foreign(page: str) -> list[str]:
    """Return the texts of a page with a word that is in no translation and that nobody typed."""
    known = GERMAN | ALLOWED
    texts = Words(PHRASES.sub("", page)).texts
    return [text for text in texts if any(word not in known for word in WORD.findall(TYPED.sub(" ", text)))]


PAGES = [route for route in TABLE if not route.startswith(("v1/", "oauth2", "api/", "admin"))]
"""The pages at `api/docs` describe the API in its own English words, those of its schema."""


@pytest.mark.parametrize("route", PAGES)
def test_a_page_has_no_english(route: str, talk: Conversation, owner: User) -> None:  # noqa: F811
    """For the owner, who is an administrator and reviewer, and for somebody without an account."""
    url = url_of(route, talk)
    for role in (access.ADMINISTRATOR, access.REVIEWER):
        access.grant_role(owner, role)
    for user in (owner, None):
        client = Client(headers={"accept-language": "de"})
        if user is not None:
            client.force_login(user)
        response = client.get(url)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            assert not (found := foreign(response.content.decode())), found
    assert translation.get_language() == "en"
