"""The custom entities and the vocabulary of an account."""

from collections.abc import Iterator
from typing import Annotated

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema
from ninja.decorators import decorate_view
from pydantic import Discriminator, Field, RootModel, Tag

from insights import long_responses, managed, queries
from insights.api import auth
from insights.api.managing import READ_PROBLEMS, WRITE_PROBLEMS, Deleted, at_most_1_mb, kind_of_body, listed, managing
from insights.json_text import Form
from insights.managed import EntityFields
from insights.models import AccountEntity

router = Router(tags=["Entities and vocabulary of the account"])
UNKNOWN = "The entityId is either invalid or does not exist."
UNKNOWN_SUB_TYPE = "subType: no entity has this subType."


class AccountEntityOut(Schema):
    """A custom entity: the words (`values`) that stand for one subtype."""

    id: str
    type: str
    subType: str
    category: str
    values: list[str]


class AccountEntityList(Schema):
    """A list of custom entities."""

    entities: list[AccountEntityOut]


class AccountEntityOne(Schema):
    """One custom entity."""

    entity: AccountEntityOut


class AccountEntityIn(Schema):
    """A custom entity to create or to replace. An account has each pair of `type` and `subType` once."""

    type: str
    subType: str
    category: str = "Custom"
    values: list[str]

    def fields(self) -> EntityFields:
        """Return the fields to store."""
        return EntityFields(self.type, self.subType, self.values, self.category)


class DeletedEntities(Schema):
    """The answer to the deletion of all entities of a subtype."""

    ids: list[str]
    type: str = "entity"
    deleted: bool = True


class Vocabulary(Schema):
    """Names and terms that the recogniser does not know, at most 1000 of at most 256 characters."""

    vocabulary: list[str]


_OneOrMany = Annotated[
    Annotated[AccountEntityIn, Tag("body")] | Annotated[list[AccountEntityIn], Field(min_length=1, max_length=500), Tag("list")],
    Discriminator(kind_of_body),
]


class NewEntities(RootModel[_OneOrMany]):
    """One object, or a list of them."""

    @property
    def items(self) -> list[AccountEntityIn]:
        """The objects."""
        return self.root if isinstance(self.root, list) else [self.root]


@router.get("/v1/manage/entities", response={200: AccountEntityList, **READ_PROBLEMS}, summary="List custom entities")
def list_account_entities(request: HttpRequest, subType: str | None = None) -> HttpResponseBase:  # noqa: N803
    """Return your custom entities, oldest first; only those with this subtype (case-sensitive) if one is given."""
    account = auth.caller(request).pk
    return long_responses.answer(request, listed("entities", _all(account, subType)), account=account)


@router.post(
    "/v1/manage/entities", response={200: AccountEntityList | AccountEntityOne, **WRITE_PROBLEMS}, summary="Create custom entities"
)
@router.post(
    "/v1/manage/entities/bulk",
    response={200: AccountEntityList | AccountEntityOne, **WRITE_PROBLEMS},
    operation_id="create_entities_bulk",
    summary="Create custom entities",
)
@decorate_view(at_most_1_mb)
def create_account_entities(request: HttpRequest, body: NewEntities) -> AccountEntityList | AccountEntityOne:
    """Create the entity of an object, or all entities of a list. They are found in what is said or imported from now on."""
    with managing(UNKNOWN):
        rows = managed.create_entities(auth.caller(request).pk, [one.fields() for one in body.items])
    made = [AccountEntityOut.model_validate(_form(row)) for row in rows]
    return AccountEntityList(entities=made) if isinstance(body.root, list) else AccountEntityOne(entity=made[0])


@router.delete("/v1/manage/entities", response={200: DeletedEntities, **WRITE_PROBLEMS}, summary="Delete the entities of a subtype")
def delete_entities_of_sub_type(request: HttpRequest, subType: str) -> DeletedEntities:  # noqa: N803
    """Delete all of your entities with this subtype (case-sensitive)."""
    with managing(UNKNOWN_SUB_TYPE):
        return DeletedEntities(ids=managed.delete_entities_of_sub_type(auth.caller(request).pk, subType))


@router.get("/v1/manage/entities/{entity_id}", response={200: AccountEntityOut, **READ_PROBLEMS}, summary="Get a custom entity")
def read_account_entity(request: HttpRequest, entity_id: str) -> AccountEntityOut:
    """Return the entity with this id, without an object around it. 404 if you have none."""
    with managing(UNKNOWN):
        return AccountEntityOut.model_validate(_form(managed.entity(auth.caller(request).pk, entity_id)))


@router.put("/v1/manage/entities/{entity_id}", response={200: AccountEntityOne, **WRITE_PROBLEMS}, summary="Change a custom entity")
@decorate_view(at_most_1_mb)
def change_account_entity(request: HttpRequest, entity_id: str, body: AccountEntityIn) -> AccountEntityOne:
    """Replace an entity's fields."""
    with managing(UNKNOWN):
        row = managed.change_entity(auth.caller(request).pk, entity_id, body.fields())
    return AccountEntityOne(entity=AccountEntityOut.model_validate(_form(row)))


@router.delete("/v1/manage/entities/{entity_id}", response={200: Deleted, **WRITE_PROBLEMS}, summary="Delete a custom entity")
def delete_account_entity(request: HttpRequest, entity_id: str) -> Deleted:
    """Delete an entity; what it has found stays."""
    with managing(UNKNOWN):
        managed.delete_entity(auth.caller(request).pk, entity_id)
    return Deleted(id=entity_id, type="entity")


@router.get("/v1/manage/vocabulary", response={200: Vocabulary, **READ_PROBLEMS}, summary="Get the vocabulary")
def read_vocabulary(request: HttpRequest) -> Vocabulary:
    """Return the vocabulary of your account (an extension)."""
    return Vocabulary(vocabulary=list(managed.vocabulary_of(auth.caller(request).pk)))


@router.put("/v1/manage/vocabulary", response={200: Vocabulary, **WRITE_PROBLEMS}, summary="Replace the vocabulary")
@decorate_view(at_most_1_mb)
def replace_vocabulary(request: HttpRequest, body: Vocabulary) -> Vocabulary:
    """Replace the vocabulary of your account (an extension). Each conversation uses it beside its own `customVocabulary`."""
    with managing(UNKNOWN):
        return Vocabulary(vocabulary=list(managed.set_vocabulary(auth.caller(request).pk, body.vocabulary)))


def _all(account: int, sub_type: str | None) -> Iterator[list[Form]]:
    for batch in queries.in_batches(managed.entities_in(account, sub_type), "created_at", "id"):
        yield list(map(_form, batch))


def _form(row: AccountEntity) -> Form:
    """Return an AccountEntityOut."""
    return {"id": str(row.id), "type": row.type, "subType": row.sub_type, "category": row.category, "values": row.values}
