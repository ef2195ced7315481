"""Delete what a person said in all conversations of an account. Not part of Symbl's API."""

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from insights import persons
from insights.api import auth
from insights.api.errors import ApiError, Problem

router = Router(tags=["Persons"])


class ForgottenPerson(Schema):
    """A person: an e-mail address (or user id), or else a name, as members have it."""

    email: str = Field("", max_length=320)
    name: str = Field("", max_length=320)


class PersonOut(Schema):
    """How much was deleted."""

    conversations: int
    messages: int


@router.delete(
    "/v1/manage/person",
    response={200: PersonOut, 400: Problem, 401: Problem, 403: Problem},
    summary="Delete a person's words in all conversations",
)
def delete_person(request: HttpRequest, person: Query[ForgottenPerson]) -> PersonOut:
    """Delete all messages of a person in all of your conversations for good, and the person's name and address. Not part of Symbl's API."""
    email, name = person.email.strip(), person.name.strip()
    if bool(email) == bool(name) or "\x00" in email + name:
        raise ApiError(400, "email, name: exactly one of them is needed, as the members of the conversations have it")
    deleted = persons.delete_words(auth.caller(request), email=email, name=name, by=auth.caller(request).pk)
    return PersonOut(conversations=deleted.conversations, messages=deleted.messages)
