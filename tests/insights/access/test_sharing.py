"""Shares of conversations: who sees what, over REST, on pages, in lists, and while connected."""

from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import access, managed, queries, recorder
from insights.access import Grant, Place, SharingError
from insights.models import AccessLevel, Conversation, Share, ShareLink, Team
from insights.queries import Shown
from tests.insights.conftest import Say, opening

READ, EDIT, OWN = AccessLevel.READ, AccessLevel.EDIT, AccessLevel.OWN


@pytest.fixture
def talk(say: Say) -> Conversation:
    """Return the owner's conversation."""
    say("Is the zeppelin ready? Ada will call.")
    return Conversation.objects.get()


@pytest.fixture
def team(owner: User) -> Team:
    """Return a team that the owner manages."""
    return managed.create_team(owner, "Sales")


def sees(user: User, talk: Conversation) -> bool:
    """Return whether a user sees a conversation, by id and in the list, which must agree."""
    talk = Conversation.everything.get(pk=talk.pk)
    by_id = queries.conversation_for(user.pk, talk.pk) is not None
    assert by_id is queries.visible_to(user.pk).filter(pk=talk.pk).exists()
    assert by_id is access.may_see(user, talk)
    return by_id


def test_a_conversation_is_private_at_first(talk: Conversation, owner: User, other_owner: User, team: Team) -> None:
    """Nobody but the owner sees it, whatever their roles and teams."""
    for one in (access.ADMINISTRATOR, access.REVIEWER):
        access.grant_role(other_owner, one)
    managed.add_person(team, other_owner.email)
    assert sees(owner, talk)
    assert not sees(other_owner, talk)


def test_the_path_of_the_summary(talk: Conversation, owner: User, other_owner: User) -> None:
    """The newest valid public link, a summary page first, for the owner; the page of the conversation for everybody else."""
    private = f"/conversations/{talk.pk}/"
    assert access.summary_path(talk.pk, owner.pk) == private
    experience = recorder.add_experience(talk.pk, "text-summary", recorder.Look("", "", "", ""), 0)
    summary = access.create_summary_link(talk, experience, audio=False)
    page = access.create_public_link(talk, 7, audio=False)
    access.share_with_person(talk, other_owner.email, EDIT)
    assert access.summary_path(talk.pk, owner.pk) == f"/shared/{access.secret_of(summary)}/"
    assert access.summary_path(talk.pk, other_owner.pk) == private
    recorder.delete_experience(talk.pk, experience.pk)
    assert access.summary_path(talk.pk, owner.pk) == f"/shared/{access.secret_of(page)}/"
    access.withdraw_link(owner.pk, page.pk)
    assert access.summary_path(talk.pk, owner.pk) == private


def test_a_share_with_a_person(talk: Conversation, owner: User, other_owner: User) -> None:
    """The address is compared regardless of case; a second share changes the level; its end takes the access away."""
    share = access.share_with_person(talk, " STRANGER@example.org ", READ)
    assert sees(other_owner, talk)
    assert access.access_of(other_owner, talk) == READ
    assert access.share_with_person(talk, "stranger@example.org", EDIT).pk == share.pk
    assert access.access_of(other_owner, talk) == EDIT
    assert access.access_of(owner, talk) == OWN
    assert access.unshare(talk, share.pk)
    assert not access.unshare(talk, share.pk)
    assert not sees(other_owner, talk)


def test_a_share_with_a_team(talk: Conversation, other_owner: User, team: Team) -> None:
    """Members of the team see it, and who is removed from the team does not; the highest of two levels counts."""
    managed.add_person(team, other_owner.email)
    access.share_with_team(talk, team.pk, EDIT)
    assert sees(other_owner, talk)
    access.share_with_person(talk, other_owner.email, READ)
    assert access.access_of(other_owner, talk) == EDIT
    access.unshare(talk, access.shares_of(talk)[-1].pk)
    assert managed.remove_person(team, other_owner.pk)
    assert not sees(other_owner, talk)


def test_shares_that_are_not_possible(talk: Conversation, owner: User, other_owner: User) -> None:
    """An unknown address, the owner, a disabled account, a team of others and the level of an owner are refused."""
    foreign = managed.create_team(other_owner, "Others")
    for address in ("nobody@example.org", "", owner.email, "\x00"):
        with pytest.raises(SharingError):
            access.share_with_person(talk, address, READ)
    with pytest.raises(SharingError):
        access.share_with_team(talk, foreign.pk, READ)
    with pytest.raises(SharingError):
        access.share_with_person(talk, other_owner.email, OWN)
    User.objects.filter(pk=other_owner.pk).update(is_active=False)
    with pytest.raises(SharingError):
        access.share_with_person(talk, other_owner.email, READ)
    assert not Share.objects.exists()


def test_a_disabled_account_sees_nothing(talk: Conversation, other_owner: User) -> None:
    """A share does not outlive the account's deactivation."""
    access.share_with_person(talk, other_owner.email, READ)
    other_owner.is_active = False
    assert not access.may_see(other_owner, talk)


def test_the_default_of_a_team(owner: User, other_owner: User, team: Team, talk: Conversation) -> None:
    """New conversations of members are shared as the team says, unless a member does not want that; old ones stay private."""
    managed.add_person(team, other_owner.email)
    managed.change_team(team, "Sales", EDIT)
    assert not sees(other_owner, talk)
    live = recorder.open_conversation(opening(owner, "new")).conversation_id
    imported = recorder.open_import(recorder.ImportOpening(owner_id=owner.pk, started_at=timezone.now()))
    assert [access.access_of(other_owner, Conversation.objects.get(pk=one)) for one in (live, imported.pk)] == [EDIT, EDIT]
    managed.set_shares_new(team, owner.pk, False)
    private = recorder.open_conversation(opening(owner, "private")).conversation_id
    assert not sees(other_owner, Conversation.objects.get(pk=private))
    managed.delete_team(team)
    assert not sees(other_owner, Conversation.objects.get(pk=live))


def test_who_is_added_to_a_team_shares_nothing_unasked(owner: User, other_owner: User, team: Team) -> None:
    """A manager who adds somebody gets none of their new conversations until they agree."""
    managed.change_team(team, "Sales", READ)
    managed.add_person(team, other_owner.email)
    private = recorder.open_conversation(opening(other_owner, "private")).conversation_id
    assert not sees(owner, Conversation.objects.get(pk=private))
    managed.set_shares_new(team, other_owner.pk, True)
    shared = recorder.open_conversation(opening(other_owner, "shared")).conversation_id
    assert sees(owner, Conversation.objects.get(pk=shared))


def test_an_unconfirmed_address_gets_nothing(talk: Conversation, other_owner: User, team: Team) -> None:
    """An account that typed the address of somebody else at sign-up gets no share and comes into no team."""
    row = EmailAddress.objects.create(user=other_owner, email=other_owner.email, primary=True, verified=False)
    with pytest.raises(SharingError):
        access.share_with_person(talk, other_owner.email, READ)
    with pytest.raises(managed.TeamError):
        managed.add_person(team, other_owner.email)
    EmailAddress.objects.filter(pk=row.pk).update(verified=True)
    managed.add_person(team, other_owner.email)
    access.share_with_person(talk, other_owner.email, READ)
    assert sees(other_owner, talk)


def test_the_lists(talk: Conversation, owner: User, other_owner: User) -> None:
    """Shared ones are in the list and in its search; "own" and "shared" tell them apart; the bin hides them."""
    own = recorder.open_conversation(opening(other_owner, "own")).conversation_id
    access.share_with_person(talk, other_owner.email, READ)
    found = {shown: set(queries.conversations_of(other_owner.pk, shown=shown).values_list("pk", flat=True)) for shown in Shown}
    assert found == {Shown.ALL: {own, talk.pk}, Shown.OWN: {own}, Shown.SHARED: {talk.pk}}
    assert set(queries.with_texts(queries.visible_to(other_owner.pk), ["zeppelin"])) == {talk}
    assert not queries.conversations_of(owner.pk, shown=Shown.SHARED).exists()
    recorder.bin_conversation(talk.pk, owner.pk)
    assert not sees(other_owner, talk)


def test_levels_of_many_places_take_three_queries(talk: Conversation, owner: User, other_owner: User, team: Team) -> None:
    """The levels agree with those that are asked for one by one; a conversation in the bin gives none."""
    people = [User.objects.create_user(f"p{number}", f"p{number}@example.org") for number in range(6)]
    for one in people[:3]:
        managed.add_person(team, one.email)
    access.share_with_team(talk, team.pk, READ)
    access.share_with_person(talk, people[2].email, EDIT)
    access.share_with_person(talk, people[3].email, READ)
    places = {Place(one.pk, talk.pk) for one in (*people, owner, other_owner)}
    with CaptureQueriesContext(connection) as asked:
        levels = access.levels_at(places)
    assert len(asked) == 3
    one_by_one = {Place(one.pk, talk.pk): access.access_of(one, talk) for one in (*people, owner, other_owner)}
    assert levels == {place: level for place, level in one_by_one.items() if level}
    recorder.bin_conversation(talk.pk, owner.pk)
    assert access.levels_at(places) == {}


def sign_in(user: User) -> Grant:
    """Return the grant of a new sign-in."""
    client = Client()
    client.force_login(user)
    found = access.grant_for_sign_in(client.cookies["sessionid"].value)
    assert found is not None
    return found


def test_grants_for_one_conversation(talk: Conversation, other_owner: User) -> None:
    """Such a grant is valid while the share gives its level; a general one of the same sign-in stays valid."""
    general = sign_in(other_owner)
    reading, editing = (Grant(**_fields(general), conversation_id=talk.pk, level=level) for level in (READ, EDIT))
    every = {general, reading, editing}
    assert access.valid_grants(every) == {general}
    share = access.share_with_person(talk, other_owner.email, EDIT)
    assert access.valid_grants(every) == every
    access.share_with_person(talk, other_owner.email, READ)
    assert access.valid_grants(every) == {general, reading}
    access.unshare(talk, share.pk)
    assert access.valid_grants(every) == {general}


def test_grants_by_invitation(talk: Conversation, owner: User, other_owner: User) -> None:
    """An invitation that expired cuts nobody off; a withdrawn one does, and one without guests only guests."""
    link = access.invite(owner.pk, talk.connection_id, ShareLink.Kind.SPEAK, guests=True)
    fields = {"conversation_id": talk.pk, "level": EDIT, "link_id": link.pk}
    access.keep_for(talk, other_owner, link)
    colleague, guest = Grant(**_fields(sign_in(other_owner)), **fields), Grant(owner.pk, guest=True, **fields)
    assert access.valid_grants({colleague, guest}) == {colleague, guest}
    ShareLink.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert access.valid_grants({colleague, guest}) == {colleague, guest}
    ShareLink.objects.update(guests=False)
    assert access.valid_grants({colleague, guest}) == {colleague}
    assert access.withdraw_link(owner.pk, link.pk)
    assert access.valid_grants({colleague, guest}) == set()
    assert not access.withdraw_link(owner.pk, link.pk)


def _fields(grant: Grant) -> dict[str, object]:
    return {"user_id": grant.user_id, "session_key": grant.session_key}


def test_who_is_removed_is_disconnected_although_the_invitation_is_valid(talk: Conversation, owner: User, other_owner: User) -> None:
    """The end of the share ends the grant of the invitation; guests, who have no share, stay."""
    link = access.invite(owner.pk, talk.connection_id, ShareLink.Kind.SPEAK, guests=True)
    by, query = sign_in(other_owner), {"conversation": str(talk.pk), "invitation": access.secret_of(link)}
    assert access.enter(by, query, speaking=True) is None, "the page of the invitation gives the share"
    assert access.keep_for(talk, other_owner, link)
    entry = access.enter(by, query, speaking=True)
    assert entry is not None
    guest = Grant(owner.pk, guest=True, conversation_id=talk.pk, level=EDIT, link_id=link.pk)
    assert access.valid_grants({entry.grant, guest}) == {entry.grant, guest}
    (share,) = access.shares_of(talk)
    assert access.may_return(talk, share.pk)
    access.unshare(talk, share.pk)
    assert access.valid_grants({entry.grant, guest}) == {guest}
    assert access.enter(by, query, speaking=True) is None, "an open page that reconnects does not undo it"


def test_an_invitation_opens_no_ended_conversation(talk: Conversation, owner: User, other_owner: User) -> None:
    """A later invitation to the same connection id does not open the earlier conversation, by watching or by speaking."""
    other = access.invite(owner.pk, "another room", ShareLink.Kind.SPEAK, guests=False)
    link = access.invite(owner.pk, talk.connection_id, ShareLink.Kind.SPEAK, guests=False)
    by = sign_in(other_owner)

    def entered(invitation: ShareLink, *, speaking: bool) -> bool:
        query = {"conversation": str(talk.pk), "invitation": access.secret_of(invitation)}
        return access.enter(by, query, speaking=speaking) is not None

    assert not entered(other, speaking=False)
    access.share_with_person(talk, other_owner.email, READ)
    assert entered(link, speaking=True)
    Conversation.objects.filter(pk=talk.pk).update(ended_at=timezone.now())
    assert not entered(link, speaking=True)
    assert entered(link, speaking=False), "by the share"
    Share.objects.all().delete()
    assert not entered(link, speaking=False)


def test_who_joins_while_the_invitation_is_withdrawn_gets_no_share(talk: Conversation, owner: User, other_owner: User) -> None:
    """The page has read the link when its owner withdraws it; a share that was made meanwhile keeps its level."""
    link = access.invite(owner.pk, talk.connection_id, ShareLink.Kind.SPEAK, guests=False)
    assert access.withdraw_link(owner.pk, link.pk)
    assert not access.keep_for(talk, other_owner, link)
    assert not Share.objects.exists()
    access.share_with_person(talk, other_owner.email, EDIT)
    assert access.keep_for(talk, other_owner, link)
    assert access.access_of(other_owner, talk) == EDIT


def test_any_number_of_grants_takes_seven_queries(talk: Conversation, owner: User) -> None:
    """The number of queries does not depend on the number of connections."""
    link = access.invite(owner.pk, talk.connection_id, ShareLink.Kind.WATCH, guests=True)
    app, secret = access.create_app(owner, "tests")
    by_token = access.grant_for_token(access.token_for(app.app_id, secret).access_token)
    assert by_token is not None
    counts = []
    for number in (2, 20):
        people = [User.objects.create_user(f"u{number}-{place}", f"u{number}-{place}@example.org") for place in range(number)]
        for one in people:
            access.share_with_person(talk, one.email, READ)
        grants = {Grant(**_fields(sign_in(one)), conversation_id=talk.pk) for one in people}
        grants |= {by_token, Grant(owner.pk, guest=True, conversation_id=talk.pk, link_id=link.pk)}
        with CaptureQueriesContext(connection) as asked:
            assert access.valid_grants(grants) == grants
        counts.append(len(asked))
    assert counts == [7, 7]


def test_links(talk: Conversation, owner: User) -> None:
    """A secret opens its link and no other; a changed or unknown one opens none; its state is told."""
    link = access.create_public_link(talk, 7, audio=False)
    secret = access.secret_of(link)
    kinds = tuple(ShareLink.Kind)
    assert access.link_of(secret, *kinds) == link
    assert access.link_of(secret, ShareLink.Kind.SPEAK) is None
    last = "A" if secret[-1] != "A" else "B"
    for wrong in (
        "",
        secret[:-1],
        secret + "A",
        secret[:-1] + last,
        "A" * 43,
        "é" * 43,
        secret[:22] + access.secret_of(access.create_public_link(talk, 7, audio=False))[22:],
    ):
        assert access.link_of(wrong, *kinds) is None
    assert access.state_of(link) == "valid"
    ShareLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    link.refresh_from_db()
    assert access.state_of(link) == "expired"
    access.withdraw_link(owner.pk, link.pk)
    link.refresh_from_db()
    assert access.state_of(link) == "withdrawn"
    assert secret not in str(list(ShareLink.objects.values()))
    recorder.bin_conversation(talk.pk, owner.pk)
    assert access.link_of(secret, *kinds) is None


def test_an_invitation_is_made_once(owner: User) -> None:
    """The same invitation is returned until it is about to expire; one for guests is another one; their number is limited."""
    one = access.invite(owner.pk, "room", ShareLink.Kind.SPEAK, guests=False)
    assert access.invite(owner.pk, "room", ShareLink.Kind.SPEAK, guests=False) == one
    assert access.invite(owner.pk, "room", ShareLink.Kind.SPEAK, guests=True) != one
    ShareLink.objects.filter(pk=one.pk).update(expires_at=timezone.now() + timedelta(hours=1))
    assert access.invite(owner.pk, "room", ShareLink.Kind.SPEAK, guests=False) != one
    assert len(access.invitations(owner.pk, "room")) == 3


def test_a_guest_is_known_by_a_signed_text(owner: User) -> None:
    """The text holds the invitation, an id and the cleaned name; a changed one is not accepted."""
    link = access.invite(owner.pk, "room", ShareLink.Kind.SPEAK, guests=True)
    token = access.guest_token(link, str(uuid4()), " Eve\u202e ")
    guest = access.guest_of(token)
    assert guest is not None
    assert (guest.link_id, guest.name) == (link.pk, "Eve")
    assert access.guest_of(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert access.guest_of("") is None


def test_the_level_of_rest_calls(talk: Conversation, owner: User, other_owner: User) -> None:
    """Readers read, editors also edit, only the owner deletes, redacts and appends; a stranger gets 404 for all of it."""
    client = Client()
    client.force_login(other_owner)
    root = f"/v1/conversations/{talk.pk}"
    calls = [
        (client.get, root, None),
        (client.post, f"{root}/transcript", {"contentType": "text/markdown"}),
        (client.put, root, {"name": "New"}),
        (client.post, f"{root}/bookmarks", {"label": "Here", "description": "", "beginTimeOffset": 0, "duration": 1}),
        (client.put, f"/v1/process/text/{talk.pk}", {"messages": [{"payload": {"content": "More."}}]}),
        (client.post, f"{root}/redact", {}),
        (client.delete, root, None),
    ]

    def statuses() -> list[int]:
        return [call(url, *([body, "application/json"] if body is not None else [])).status_code for call, url, body in calls]

    assert statuses() == [404] * 7
    access.share_with_person(talk, other_owner.email, READ)
    assert statuses() == [200, 200, 403, 403, 403, 403, 403]
    access.share_with_person(talk, other_owner.email, EDIT)
    assert statuses() == [200, 200, 200, 200, 403, 403, 403]
    change = queries.changes_of(talk).first()
    assert change is not None
    assert change.user == other_owner
    assert client.post(f"{root}/changes/{change.pk}/undo").status_code == 200
    own = Client()
    own.force_login(owner)
    assert own.post(f"{root}/changes/{change.pk}/undo").status_code == 403


def test_the_rest_list_has_shared_ones_on_request(talk: Conversation, owner: User, other_owner: User) -> None:
    """By default it has the caller's own, as programs expect."""
    access.share_with_person(talk, other_owner.email, READ)
    client = Client()
    client.force_login(other_owner)
    found = {shared: len(client.get("/v1/conversations", {"shared": shared}).json()["conversations"]) for shared in ("no", "yes", "all")}
    assert found == {"no": 0, "yes": 1, "all": 1}
    assert client.get("/v1/conversations").json()["conversations"] == []


def test_one_conversation_takes_one_query(talk: Conversation, other_owner: User, team: Team) -> None:
    """Finding a conversation is one query, which reads no list of all shared conversations."""
    managed.add_person(team, other_owner.email)
    access.share_with_team(talk, team.pk, READ)
    with CaptureQueriesContext(connection) as asked:
        assert queries.conversation_for(other_owner.pk, talk.pk) == talk
    assert len(asked) == 1
