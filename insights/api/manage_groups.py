"""Groups of conversations: a name for those that fulfil a criterion in RSQL."""

from collections.abc import Iterator
from typing import Annotated

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema
from ninja.decorators import decorate_view
from pydantic import Discriminator, Field, RootModel, Tag

from insights import long_responses, managed, queries
from insights.api import auth
from insights.api.conversations import ConversationList, Page, answer_list
from insights.api.errors import ApiError
from insights.api.managing import READ_PROBLEMS, WRITE_PROBLEMS, Deleted, at_most_1_mb, kind_of_body, listed, managing
from insights.api.paging import responses
from insights.json_text import Form
from insights.managed import GroupFields
from insights.models import ConversationGroup
from insights.queries import rsql

router = Router(tags=["Groups of conversations"])
UNKNOWN = "The groupId is either invalid or does not exist."


class GroupOut(Schema):
    """A group. `criteria` is RSQL over the fields of conversations."""

    id: str
    name: str
    description: str
    criteria: str


class GroupList(Schema):
    """A list of groups."""

    groups: list[GroupOut]


class GroupOne(Schema):
    """One group."""

    group: GroupOut


class GroupIn(Schema):
    """A group to create or to replace; an `id` in the body is ignored."""

    name: str = Field(description="At most 128 characters.")
    criteria: str = Field(description=f"RSQL, at most 2000 characters. Fields: {rsql.FIELDS}.")
    description: str = Field("", description="At most 512 characters.")

    def fields(self, prefix: str = "") -> GroupFields:
        """Return the fields to store. Raises 400 for criteria that are not valid RSQL."""
        try:
            rsql.parse(self.criteria)
        except rsql.RsqlError as error:
            raise ApiError(400, f"{prefix}criteria: {error}") from None
        return GroupFields(self.name, self.criteria, self.description)


_OneOrMany = Annotated[
    Annotated[GroupIn, Tag("body")] | Annotated[list[GroupIn], Field(min_length=1, max_length=500), Tag("list")],
    Discriminator(kind_of_body),
]


class NewGroups(RootModel[_OneOrMany]):
    """One object, or a list of them."""

    @property
    def fields(self) -> list[GroupFields]:
        """The fields to store."""
        if isinstance(self.root, list):
            return [one.fields(f"[{place}].") for place, one in enumerate(self.root)]
        return [self.root.fields()]


@router.get("/v1/manage/groups", response={200: GroupList, **READ_PROBLEMS}, summary="List groups")
@router.get("/v1/manage/group", response={200: GroupList, **READ_PROBLEMS}, operation_id="list_groups_singular", summary="List groups")
def list_groups(request: HttpRequest) -> HttpResponseBase:
    """Return your groups, oldest first."""
    account = auth.caller(request).pk
    return long_responses.answer(request, listed("groups", _all(account)), account=account)


@router.post("/v1/manage/groups", response={200: GroupOne | GroupList, **WRITE_PROBLEMS}, summary="Create groups")
@router.post(
    "/v1/manage/group", response={200: GroupOne | GroupList, **WRITE_PROBLEMS}, operation_id="create_group", summary="Create a group"
)
@decorate_view(at_most_1_mb)
def create_groups(request: HttpRequest, body: NewGroups) -> GroupOne | GroupList:
    """Create the group of an object, or all groups of a list."""
    with managing(UNKNOWN):
        rows = managed.create_groups(auth.caller(request).pk, body.fields)
    made = [GroupOut.model_validate(_form(row)) for row in rows]
    return GroupList(groups=made) if isinstance(body.root, list) else GroupOne(group=made[0])


@router.get("/v1/manage/group/{group_id}", response={200: GroupOne, **READ_PROBLEMS}, summary="Get a group")
@router.get(
    "/v1/manage/groups/{group_id}", response={200: GroupOne, **READ_PROBLEMS}, operation_id="read_group_plural", summary="Get a group"
)
def read_group(request: HttpRequest, group_id: str) -> GroupOne:
    """Return the group with this id. 404 if you have none."""
    with managing(UNKNOWN):
        return GroupOne(group=GroupOut.model_validate(_form(managed.group(auth.caller(request).pk, group_id))))


@router.put("/v1/manage/group/{group_id}", response={200: GroupOne, **WRITE_PROBLEMS}, summary="Change a group")
@router.put(
    "/v1/manage/groups/{group_id}",
    response={200: GroupOne, **WRITE_PROBLEMS},
    operation_id="change_group_plural",
    summary="Change a group",
)
@decorate_view(at_most_1_mb)
def change_group(request: HttpRequest, group_id: str, body: GroupIn) -> GroupOne:
    """Replace a group's fields."""
    with managing(UNKNOWN):
        row = managed.change_group(auth.caller(request).pk, group_id, body.fields())
    return GroupOne(group=GroupOut.model_validate(_form(row)))


@router.delete("/v1/manage/group/{group_id}", response={200: Deleted, **WRITE_PROBLEMS}, summary="Delete a group")
@router.delete(
    "/v1/manage/groups/{group_id}",
    response={200: Deleted, **WRITE_PROBLEMS},
    operation_id="delete_group_plural",
    summary="Delete a group",
)
def delete_group(request: HttpRequest, group_id: str) -> Deleted:
    """Delete a group; its conversations stay."""
    with managing(UNKNOWN):
        managed.delete_group(auth.caller(request).pk, group_id)
    return Deleted(id=group_id, type="group")


@router.get(
    "/v1/groups/{group_id}/conversations",
    response=responses(ConversationList),
    exclude_none=True,
    summary="List the conversations of a group",
)
def list_group_conversations(request: HttpRequest, group_id: str, page: Query[Page]) -> HttpResponseBase:
    """Return your conversations that fulfil the group's criteria, with the filters and the paging of the list of conversations."""
    with managing(UNKNOWN):
        criteria = managed.group(auth.caller(request).pk, group_id).criteria
    return answer_list(request, page, rsql.condition(rsql.parse(criteria)))


def _all(account: int) -> Iterator[list[Form]]:
    for batch in queries.in_batches(managed.groups_in(account), "created_at", "id"):
        yield list(map(_form, batch))


def _form(row: ConversationGroup) -> Form:
    """Return a GroupOut."""
    return {"id": str(row.id), "name": row.name, "description": row.description, "criteria": row.criteria}
