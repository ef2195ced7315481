"""What all calls have in common that edit a conversation: their answers and their errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

from ninja import Schema

from insights.api.errors import ApiError, Problem, not_found
from insights.recorder import (
    ChangeConflict,
    Edited,
    NotTheAuthor,
    RecorderError,
    UnknownBookmark,
    UnknownConversation,
    UnknownExperience,
    UnknownMember,
    UnknownMessage,
    UnknownNote,
)

UNKNOWN_MEMBER = "The memberId is either invalid or does not exist."
UNKNOWN_MESSAGE = "The messageId is either invalid or does not exist."
UNKNOWN_INSIGHT = "The insightId is either invalid or does not exist."

EDIT_PROBLEMS: dict[int, type[Problem]] = {400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem, 429: Problem}
"""The errors of a call that edits."""


class EditOut(Schema):
    """The answer to an edit. `changeId` is the id with which it can be undone; without one, nothing was different."""

    message: str
    changeId: str | None = None

    @classmethod
    def of(cls, message: str, edited: Edited) -> Self:
        """Return the answer to an edit."""
        return cls(message=message, changeId=str(edited.change_id) if edited.change_id else None)


@contextmanager
def editing(unknown: str = UNKNOWN_MESSAGE) -> Iterator[None]:
    """Answer the recorder's errors in the protocol's form; `unknown` is the text for the row that the path names."""
    try:
        yield
    except UnknownConversation:
        raise not_found() from None
    except UnknownMember:
        raise ApiError(404, UNKNOWN_MEMBER) from None
    except (UnknownMessage, UnknownBookmark, UnknownNote, UnknownExperience):
        raise ApiError(404, unknown) from None
    except NotTheAuthor as error:
        raise ApiError(403, str(error)) from None
    except ChangeConflict as error:
        raise ApiError(409, str(error)) from None
    except RecorderError as error:
        raise ApiError(400, str(error)) from None


def aware(at: datetime) -> datetime:
    """Return a time with its zone, by default UTC. Raises 400 for a year outside 1900 to 9000, which databases do not agree on."""
    if not 1900 <= at.year <= 9000:
        raise ApiError(400, "dueBy: the year must be from 1900 to 9000")
    return at if at.tzinfo else at.replace(tzinfo=UTC)
