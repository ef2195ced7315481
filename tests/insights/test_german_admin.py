"""The admin in German: names of fields, help texts, filters and choices are translations, Django's or ours."""

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.utils import timezone
from django.utils.translation import trans_real

from insights import access, managed, recorder
from insights.models import AccountEntity, AccountTracker, App, Conversation, Deletion, Insight
from tests.insights.conftest import Say
from tests.insights.portal.test_german_pages import ALLOWED, PHRASES, TYPED, WORD, Words

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ALLOWED | frozenset(
    WORD.findall("Is room Custom Search zeppelin airship ready call will the tomorrow Pricing Ships price RSQL meeting US en voice owner")
)
"""What the tests stored, names that are the same in every language, and the text of Django's icon, which it does not translate."""


def german_words() -> frozenset[str]:
    """Return the words of all German catalogues, of Django and of Parley."""
    words: set[str] = set()
    for _, text in trans_real.translation("de")._catalog.items():
        words.update(WORD.findall(str(text)))
    return frozenset(words)


@pytest.fixture
def pages(say: Say, owner: User) -> list[str]:
    """Store one row of each table that the admin shows, and return the addresses of its lists and forms."""
    for role in (access.ADMINISTRATOR, access.REVIEWER):
        access.grant_role(owner, role)
    say("Is the zeppelin ready? Ada will call tomorrow.")
    talk, insight = Conversation.objects.get(), Insight.objects.all()[0]
    recorder.review_insight(insight.pk, Insight.Review.REJECTED, owner.pk)
    recorder.correct_message(talk.messages.all()[0].pk, "Is the airship ready?", owner.pk)
    app, _ = access.create_app(owner, "Ada")
    App.objects.update(app_id="a" * 64)
    tracker = AccountTracker.objects.create(owner=owner, name="Pricing", vocabulary=["price"])
    entity = AccountEntity.objects.create(owner=owner, type="Ships", sub_type="Airship", values=["zeppelin"])
    (group,) = managed.create_groups(owner.pk, [managed.GroupFields("Ships", "name==Ships", "")])
    Deletion.objects.create(kind=Deletion.Kind.BINNED, conversation_id=talk.pk, owner_id=owner.pk, user=owner, at=timezone.now())
    forms = {
        "conversation": talk.pk, "insight": insight.pk, "app": app.pk, "accounttracker": tracker.pk,
        "accountentity": entity.pk, "conversationgroup": group.pk,
    }  # fmt: skip
    lists = [f"insights/{name}/" for name in (*forms, "deletion")]
    changes = [f"insights/{name}/{pk}/change/" for name, pk in forms.items()]
    return ["", *lists, *changes, "auth/user/", f"auth/user/{owner.pk}/change/", "auth/user/add/"]


def test_the_admin_has_no_english(pages: list[str], owner: User) -> None:
    """Whatever is neither typed nor stored is German."""
    client = Client(headers={"accept-language": "de"})
    client.force_login(owner)
    known = german_words() | NAMES
    english: dict[str, list[str]] = {}
    for path in pages:
        response = client.get(f"/admin/{path}")
        assert response.status_code == 200, path
        texts = Words(PHRASES.sub("", response.content.decode())).texts
        if found := [text for text in texts if any(word not in known for word in WORD.findall(TYPED.sub(" ", text)))]:
            english[path] = found
    assert not english, "\n".join(f"{path}: {found}" for path, found in english.items())


def test_the_history_has_the_language_of_the_page(pages: list[str], owner: User) -> None:
    """What was done with a conversation is stored without words."""
    talk, request = Conversation.objects.get(), RequestFactory().post("/")
    request.user = owner
    site.get_model_admin(Conversation).log_change(request, talk, [])
    client = Client(headers={"accept-language": "de"})
    client.force_login(owner)
    page = client.get(f"/admin/insights/conversation/{talk.pk}/history/").content.decode()
    assert "Erkenntnisse geändert." in page
    assert "Reviewed" not in page
