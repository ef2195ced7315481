"""The notifications part of the account page."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from insights.models import AccountSettings

ADDRESS = "/account/notifications/"


def test_each_kind_is_switched_off(user_client: Client, user: User, settings: Any) -> None:
    """All are on, and mails have title and link, until the account chooses otherwise."""
    settings.MAIL_CONFIGURED = True
    page = user_client.get(ADDRESS)
    form = page.context["form"]
    assert [form[name].value() for name in form.fields] == [True, True, True, "title"]
    assert "sends no mail" not in page.content.decode()
    answer = user_client.post(ADDRESS, {"notify_tasks": "on", "notify_content": "counts"}, follow=True)
    assert "Notifications saved." in answer.content.decode()
    stored = AccountSettings.objects.get(user=user)
    assert (stored.notify_over, stored.notify_tasks, stored.notify_shares, stored.notify_content) == (False, True, False, "counts")


def test_an_unknown_content_is_refused(user_client: Client) -> None:
    """Nothing is stored."""
    assert user_client.post(ADDRESS, {"notify_content": "everything"}).status_code == 400
    assert not AccountSettings.objects.exists()


def test_the_page_says_that_there_is_no_mail_server(user_client: Client, settings: Any) -> None:
    """With the setting that an administrator needs."""
    settings.MAIL_CONFIGURED = False
    page = user_client.get(ADDRESS).content.decode()
    assert "no mail server is configured" in page
    assert "MAIL_URL" in page
