"""Notifications end to end: speech, the end of the conversation, the job, the worker, an SMTP server; with kill -9 before the mail."""

import asyncio
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.mail_server import MailServer, mail_server, text_of
from tests.paths.conftest import SITE
from tests.servers import Server
from tests.streaming.transports.client import connected

CONFIRM = """
from django.contrib.auth.models import User
from insights.access import addresses
addresses.confirm_address(User.objects.get(email="jane@example.com"))
"""


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A running SMTP server."""
    with mail_server() as kept:
        yield kept


async def test_the_mail_about_an_ended_conversation(make_server: Callable[..., Server], mails: MailServer) -> None:
    """What was stored before kill -9 is told after the next start, in one mail with title and link, without spoken words."""
    server = make_server(**SITE, MAIL_URL=f"smtp+plain://127.0.0.1:{mails.port}", TRUSTED_ORIGINS="https://talk.example.org")
    token, room = await asyncio.to_thread(server.token), uuid4().hex
    await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", CONFIRM)
    async with connected(server, token, room) as speaker:
        conversation = await speaker.start("Anna", meetingTitle="Weekly planning")
        await speaker.speak(2.1)
        await speaker.stop()
    path = f"/v1/conversations/{conversation}/messages"
    said = [one["text"] for one in (await asyncio.to_thread(server.get, path, token))[1]["messages"]]
    assert said
    server.kill()
    assert mails.mails == [], "no worker ran"
    server.worker = True
    await asyncio.to_thread(server.start)
    mail = await asyncio.to_thread(mails.take, "jane@example.com")
    text = text_of(mail)
    assert str(mail["Subject"]) == "Parley: Weekly planning"
    assert f"https://talk.example.org/conversations/{conversation}/" in text
    assert not [one for one in said if one in text]
    assert mails.mails == []
