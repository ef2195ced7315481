"""Queries that are compiled once: the same rows as those of the ORM, for each thread and with each kind of value."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights.compiled_query import CompiledQuery
from insights.database import connection_closed_after
from insights.models import AccountVocabulary, Conversation, Member
from insights.recorder import Joined

pytestmark = pytest.mark.django_db


def test_objects_are_those_of_the_orm(joined: Joined) -> None:
    """All fields of a row are converted, among them times, booleans and JSON."""
    query = CompiledQuery(lambda identity: Conversation.objects.filter(id=identity))
    found, expected = query.first(joined.conversation_id), Conversation.objects.get(id=joined.conversation_id)
    assert found is not None
    fields = [field.attname for field in Conversation._meta.concrete_fields]
    assert [getattr(found, name) for name in fields] == [getattr(expected, name) for name in fields]
    assert not found._state.adding
    found.name = "Renamed"
    found.save(update_fields=["name"])
    assert Conversation.objects.get(id=joined.conversation_id).name == "Renamed"
    assert query.first(1) is None


def test_ids_and_times_as_parameters(joined: Joined) -> None:
    """A UUID and a time are given to the database as its fields do."""
    assert joined.member is not None
    members = CompiledQuery(lambda identity, until: Member.objects.filter(id=identity, joined_at__lte=until).values_list("id", "name"))
    (member,) = Member.objects.filter(conversation_id=joined.conversation_id)
    now = timezone.now()
    assert [tuple(row) for row in members.rows(member.id, now)] == [(member.id, "Ada")]
    assert not members.exists(member.id, now - timedelta(days=1))
    assert not members.exists(uuid4(), now)


def test_json_of_a_joined_table(owner: User) -> None:
    """A JSON column of another table is parsed, and NULL if that table has no row."""
    query = CompiledQuery(lambda owner: User.objects.filter(pk=owner).values_list("vocabulary__phrases"))
    assert [tuple(row) for row in query.rows(owner.pk)] == [(None,)]
    AccountVocabulary.objects.create(owner=owner, phrases=["Parley", "Übung"])
    assert [tuple(row) for row in query.rows(owner.pk)] == [(["Parley", "Übung"],)]


def test_related_objects_and_only_some_columns(joined: Joined) -> None:
    """`select_related` costs no more statements; a column that was not selected is read when it is needed."""
    related = ("conversation", "merged_into")
    query = CompiledQuery(lambda name: Member.objects.filter(name=name).select_related(*related).only("name", *related))
    with CaptureQueriesContext(connection) as ran:
        member = query.first("Ada")
        assert member is not None
        assert (member.name, member.conversation.pk, member.merged_into) == ("Ada", joined.conversation_id, None)
    assert len(ran) == 1
    assert member.get_deferred_fields() >= {"email", "joined_at"}
    assert member.email == Member.objects.get(pk=member.pk).email


def test_a_query_is_built_once(owner: User) -> None:
    """Later calls run the same SQL with other values, one statement each."""
    built = []

    def build(identity: Any) -> QuerySet[User, tuple[str]]:
        built.append(identity)
        return User.objects.filter(pk=identity).values_list("username")

    query = CompiledQuery(build)
    with CaptureQueriesContext(connection) as ran:
        assert [query.exists(one) for one in (owner.pk, 0, owner.pk)] == [True, False, True]
    assert (len(built), len(ran)) == (1, 3)


@pytest.mark.django_db(transaction=True)
def test_each_thread_has_its_own_connection(transactional_db: None) -> None:
    """A query that one thread has compiled runs on the connection of another one."""
    owner = User.objects.create_user("threads@example.com")
    query = CompiledQuery(lambda identity: User.objects.filter(pk=identity))
    first = query.first(owner.pk)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(connection_closed_after(query.first), owner.pk).result()
    assert first == second == owner
