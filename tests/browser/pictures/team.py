"""A small team and its conversations for the pictures. Runs in `manage.py shell` of the server's installation."""

import json
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import timezone
from django.utils.http import int_to_base36

from insights import access, managed, queries, recorder
from insights.access import account_invitations, addresses
from insights.exports import ExportFormat
from insights.jobs.export_requests import request_export
from insights.models import AccessLevel, Conversation, Insight, LinkRequest, Reading, Role, ShareLink, WebhookDelivery, WebhookEndpoint
from insights.recorder import Assignee, BookmarkFields, ImportOpening, InsightEdit, Listening, Look, SpeakerIdentity, Utterance
from insights.recorder.signals import announce
from tests.browser.pictures.people import LIVE_ROOM, PASSWORD, PEOPLE

TALKS = Path(__file__).with_name("talks.json")
WORDS_PER_S = 2.6
PAUSE_S = 0.8


class Talk(NamedTuple):
    """A conversation: its owner's first name, title, age in days, hour of its start, and who says what."""

    owner: str
    title: str
    days: int
    hour: int
    lines: list[tuple[str, str]]


def fill(talk_id: str) -> None:
    """Fill the installation, and print as JSON what stands for the names in the addresses of the pictures."""
    team = {first: _person(first, last) for first, last in PEOPLE.items()}
    stored = {one.title: _store(one, team) for one in map(lambda row: Talk(*row), json.loads(TALKS.read_text(encoding="utf-8")))}
    talk = Conversation.objects.get(pk=talk_id)
    jane = team["Jane"]
    managed.set_profiles_on(jane, on=True)
    places = {
        "talk": talk.pk,
        "speaker": str(talk.members.order_by("joined_at", "id")[0].pk),
        "shared": stored["Hiring: front-end developer"].pk,
        "person": team["Anna"].pk,
    }
    places |= _shared(talk, stored, team) | _managed(jane, talk) | _links(jane, team)
    _worked_on(talk, stored, team)
    print(json.dumps(places))


def _person(first: str, last: str) -> User:
    address = f"{first.lower()}@example.com"
    user, new = User.objects.get_or_create(username=address, defaults={"email": address, "first_name": first, "last_name": last})
    if new:
        user.set_password(PASSWORD)
        user.save()
        addresses.confirm_address(user)
    if first == "Anna":
        access.grant_role(user, access.REVIEWER)
    if first == "Paul":
        access.set_active(user, False)
    return user


def _store(talk: Talk, team: dict[str, User]) -> Conversation:
    """Store a conversation as an import of a text would."""
    now = timezone.now()
    start = (now - timedelta(days=talk.days)).replace(hour=talk.hour, minute=5, second=0, microsecond=0)
    opened = recorder.open_import(ImportOpening(owner_id=team[talk.owner].pk, name=talk.title, started_at=start))
    members = {}
    for name in dict.fromkeys(name for name, _ in talk.lines):
        address = next((one.email for one in team.values() if one.get_full_name() == name), "")
        members[name] = recorder.import_member(opened.pk, SpeakerIdentity(name=name, email=address, user_id=address))
    at = start
    for name, text in talk.lines:
        end = at + timedelta(seconds=len(text.split()) / WORDS_PER_S)
        member = members[name]
        announce(recorder.record(opened.pk, Utterance(text, (), 1.0, at, end, uuid4()), Listening(member_id=member.id if member else None)))
        at = end + timedelta(seconds=PAUSE_S)
    recorder.end_import(opened.pk)
    return Conversation.objects.get(pk=opened.pk)


def _shared(talk: Conversation, stored: dict[str, Conversation], team: dict[str, User]) -> dict[str, object]:
    """Make teams, shares, links and invitations."""
    product = managed.create_team(team["Jane"], "Product")
    for name in ("Anna", "Tom", "Maria"):
        managed.add_person(product, team[name].email)
    managed.set_manages(product, team["Anna"].pk, True)
    managed.change_team(product, "Product", AccessLevel.READ)
    sales = managed.create_team(team["Maria"], "Sales")
    managed.add_person(sales, team["Jane"].email)
    access.share_with_team(stored["Hiring: front-end developer"], product.pk, AccessLevel.READ)
    access.share_with_person(stored["Budget for the next year"], team["Jane"].email, AccessLevel.EDIT)
    access.share_with_team(talk, product.pk, AccessLevel.EDIT)
    access.share_with_person(talk, team["Maria"].email, AccessLevel.READ)
    public = access.create_public_link(talk, 30, audio=True)
    withdrawn = access.create_public_link(stored["Weekly product meeting"], 7, audio=False)
    access.withdraw_link(team["Jane"].pk, withdrawn.pk)
    guests = access.invite(team["Jane"].pk, LIVE_ROOM, ShareLink.Kind.SPEAK, guests=True)
    colleagues = access.invite(team["Jane"].pk, "design-review", ShareLink.Kind.SPEAK, guests=False)
    access.note_readings([talk], team["Anna"].pk, Reading.Place.REVIEW)
    links = {"public": public, "withdrawn": withdrawn, "guests": guests, "colleagues": colleagues}
    return {"team": product.pk, "room": LIVE_ROOM, **{name: access.secret_of(link) for name, link in links.items()}}


def _managed(jane: User, talk: Conversation) -> dict[str, object]:
    """Make trackers, entities, groups, vocabulary, apps and webhooks."""
    trackers = managed.create_trackers(
        jane.pk,
        [
            managed.TrackerFields("Pricing", ["price", "discount", "cost"], "When somebody talks about money."),
            managed.TrackerFields("Competitors", ["Contoso", "Fabrikam", "other provider"]),
            managed.TrackerFields("Delivery problems", ["too late", "two weeks late", "not delivered"], "Customers who wait."),
        ],
    )
    entities = managed.create_entities(
        jane.pk,
        [
            managed.EntityFields("Product", "Plan", ["starter plan", "team plan", "enterprise plan"]),
            managed.EntityFields("Place", "Office", ["Berlin office", "Porto office"]),
        ],
    )
    groups = managed.create_groups(
        jane.pk, [managed.GroupFields("Berlin", 'name=="Launch in Berlin"', "Everything about the customer in Berlin.")]
    )
    managed.set_vocabulary(jane.pk, ["Parley", "Kubernetes", "Nováková", "onboarding"])
    app, _ = access.create_app(jane, "Meeting room, ground floor", access.parse_scopes("stream read"))
    access.create_app(jane, "Reports", access.parse_scopes("read"), timezone.now() + timedelta(days=60))
    experience = recorder.add_experience(talk.pk, "text-summary", Look(), None)
    summary = access.create_summary_link(talk, experience, audio=False)
    identities = {"tracker": trackers[2].pk, "entity": entities[0].pk, "group": groups[0].pk, "app": app.pk}
    return {**identities, "experience": experience.pk, "summary": access.secret_of(summary), "webhook": str(_webhook(jane, talk).pk)}


def _webhook(jane: User, talk: Conversation) -> WebhookEndpoint:
    """Make a webhook with its log, as a receiver that failed once would leave it."""
    now = timezone.now()
    hook = WebhookEndpoint.objects.create(
        owner=jane, url="https://chat.example.com/hooks/parley", events=["conversation.completed", "insight.created"], description="Chat"
    )
    sent = {"endpoint": hook, "conversation": talk, "last_attempt_at": now, "created_at": now - timedelta(minutes=12)}
    WebhookDelivery.objects.create(
        **sent, kind="conversation.completed", attempts=1, succeeded_at=now, last_status=200, last_response='{"ok": true}'
    )
    WebhookDelivery.objects.create(**sent, kind="insight.created", attempts=10, last_status=503, last_response="Service Unavailable")
    WebhookEndpoint.objects.create(owner=jane, url="https://tasks.example.com/in", events=["insight.created"], active=False)
    return hook


def _links(jane: User, team: dict[str, User]) -> dict[str, object]:
    """Make invitations to accounts, and links that people asked for."""
    pending = account_invitations.invite(jane, Role.MEMBER, "nina@example.com")
    over = account_invitations.invite(jane, Role.MEMBER, "otto@example.com")
    account_invitations.withdraw(over.pk)
    account_invitations.invite(jane, Role.REVIEWER)
    maria = team["Maria"]
    LinkRequest.objects.create(user=maria, kind=LinkRequest.RESET, requested_at=timezone.now())
    new = User.objects.create(username="ruth@example.com", email="ruth@example.com", first_name="Ruth", last_name="Adler")
    address = EmailAddress.objects.create(user=new, email=new.email, primary=True, verified=False)
    parts = {"uidb36": int_to_base36(maria.pk), "key": default_token_generator.make_token(maria)}
    return {
        "invitation": account_invitations.secret_of(pending),
        "invitation_over": account_invitations.secret_of(over),
        "confirm": EmailConfirmationHMAC(address).key,
        "reset": reverse("account_reset_password_from_key", kwargs=parts),
    }


def _worked_on(talk: Conversation, stored: dict[str, Conversation], team: dict[str, User]) -> None:
    """Do what a team does with its conversations: assign tasks, mark one as done, accept and reject, bookmark, bin."""
    jane = team["Jane"]
    tasks = list(queries.insights_of(talk).filter(type="action_item"))
    for task in tasks[:2]:
        recorder.edit_insight(task.pk, jane.pk, InsightEdit(assignee=Assignee(name=jane.get_full_name())))
    recorder.edit_insight(tasks[-1].pk, jane.pk, InsightEdit(done=True))
    recorder.review_insight(tasks[0].pk, Insight.Review.ACCEPTED, jane.pk)
    sentence = talk.messages.order_by("number")[2]
    talk.messages.filter(number__in=[4, 5]).update(overlap=True)
    recorder.edit_message(sentence.pk, jane.pk, text=sentence.text.replace("who talks", "who will talk"))
    recorder.add_bookmark(talk.pk, BookmarkFields("Price agreed", begin_s=34, duration_s=4), jane.pk)
    recorder.bin_conversation(stored["Microphone test"].pk, jane.pk)
    request_export(jane.pk, ExportFormat.WORD, [talk.pk])
    request_export(jane.pk, ExportFormat.TEXT, [talk.pk, stored["Weekly product meeting"].pk])
