"""An account's custom entities and vocabulary: rules, limits, scope."""

import pytest
from django.contrib.auth.models import User

from insights import managed
from insights.analysis.custom_entities import CustomEntity
from insights.managed import EntityFields, entities, vocabulary
from insights.models import AccountEntity

HONDA = EntityFields("Vehicle", "Honda", ("hrv", "crv"))


def test_conversations_use_the_entities_of_their_account(owner: User, other_owner: User) -> None:
    """Entities belong to the account that created them."""
    managed.create_entities(owner.pk, [HONDA])
    assert managed.entities_of(owner.pk) == (CustomEntity("Vehicle", ("hrv", "crv"), "Honda", "Custom"),)
    assert managed.entities_of(other_owner.pk) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (EntityFields("", "Honda", ("hrv",)), "type: must have at least one visible character"),
        (EntityFields("Vehicle", "", ("hrv",)), "subType: must have"),
        (EntityFields("Vehicle", "Honda", ()), "values: must have 1 to 1000 items, not 0"),
        (EntityFields("Vehicle", "Honda", ("a", "a")), r"values\[1\]: is the same as values\[0\]"),
    ],
)
def test_rules(owner: User, fields: EntityFields, message: str) -> None:
    """An invalid field is named, and nothing is stored."""
    with pytest.raises(managed.Invalid, match=message):
        managed.create_entities(owner.pk, [fields])
    assert not AccountEntity.objects.exists()


def test_a_type_has_each_subtype_once(owner: User) -> None:
    """A second entity with the same type and subtype is refused, also by a change."""
    managed.create_entities(owner.pk, [HONDA])
    (toyota,) = managed.create_entities(owner.pk, [EntityFields("Vehicle", "Toyota", ("rav4",))])
    for again in ([HONDA], [EntityFields("A", "a", ("a",)), EntityFields("A", "a", ("b",))]):
        with pytest.raises(managed.Taken, match="subType"):
            managed.create_entities(owner.pk, again)
    with pytest.raises(managed.Taken):
        managed.change_entity(owner.pk, str(toyota.id), HONDA)
    changed = managed.change_entity(owner.pk, str(toyota.id), EntityFields("Vehicle", "Toyota", ("rav4", "yaris")))
    assert changed.values == ["rav4", "yaris"]


def test_limits(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of entities, and of all their values together, is limited."""
    monkeypatch.setattr(entities, "MOST", 2)
    monkeypatch.setattr(entities, "MOST_TOGETHER", 4)
    (row,) = managed.create_entities(owner.pk, [HONDA])
    with pytest.raises(managed.TooMany, match="at most 2 entities"):
        managed.create_entities(owner.pk, [EntityFields("A", str(n), ("a",)) for n in range(2)])
    with pytest.raises(managed.TooMany, match="at most 4 values"):
        managed.create_entities(owner.pk, [EntityFields("A", "a", ("a", "b", "c"))])
    with pytest.raises(managed.TooMany, match="at most 4 values"):
        managed.change_entity(owner.pk, str(row.id), EntityFields("A", "a", ("a", "b", "c", "d", "e")))


def test_delete(owner: User, other_owner: User) -> None:
    """By id, or all of a subtype; another account's entity is unknown."""
    first, second = managed.create_entities(owner.pk, [HONDA, EntityFields("Product", "Honda", ("generator",))])
    with pytest.raises(managed.Unknown):
        managed.delete_entity(other_owner.pk, str(first.id))
    with pytest.raises(managed.Unknown):
        managed.delete_entities_of_sub_type(other_owner.pk, "Honda")
    assert managed.delete_entities_of_sub_type(owner.pk, "Honda") == [str(first.id), str(second.id)]
    assert not managed.entities_in(owner.pk)


def test_the_vocabulary_of_an_account(owner: User, other_owner: User) -> None:
    """It is replaced as a whole, keeps its order, and joins the vocabulary of a request without repeats."""
    assert managed.vocabulary_of(owner.pk) == ()
    assert managed.set_vocabulary(owner.pk, ["Zoé Müller", "Parley"]) == ("Zoé Müller", "Parley")
    managed.set_vocabulary(owner.pk, ["Parley", "Kubernetes"])
    assert managed.vocabulary_of(owner.pk) == ("Parley", "Kubernetes")
    assert managed.vocabulary_of(other_owner.pk) == ()
    settings = managed.settings_of(owner.pk, all_trackers=False)
    assert settings.vocabulary_with(("Django", "Parley")) == ("Django", "Parley", "Kubernetes")
    assert settings.trackers == ()


@pytest.mark.parametrize(("phrases", "message"), [([""], r"vocabulary\[0\]"), (["12"], "at least one letter"), (["a", "a"], "is the same")])
def test_rules_of_the_vocabulary(owner: User, phrases: list[str], message: str) -> None:
    """Each phrase has a letter and differs from the others."""
    with pytest.raises(managed.Invalid, match=message):
        managed.set_vocabulary(owner.pk, phrases)


def test_the_vocabulary_is_limited(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account has at most MOST phrases."""
    monkeypatch.setattr(vocabulary, "MOST", 2)
    with pytest.raises(managed.Invalid, match="0 to 2 items, not 3"):
        managed.set_vocabulary(owner.pk, ["a", "b", "c"])
