"""Edits of messages by a person: their wording, and who said one of them."""

from collections.abc import Mapping
from uuid import UUID

from insights.database import write_transaction
from insights.models import Change, Message, Speaker
from insights.payloads import StoredEvent
from insights.recorder import speakers
from insights.recorder.edits.change_events import MOST_SENT_AGAIN
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.edits.member_edits import member_in
from insights.recorder.edits.message_analysis import analyse_again, found_in, match_again
from insights.recorder.edits.speaker_edits import MessageTime, move
from insights.recorder.event_log import clean, locked
from insights.recorder.types import RecorderError, UnknownMessage

LONGEST_TEXT = 20_000
"""Characters of the text of a message or an insight that a person writes."""
MOST_EDITED = MOST_SENT_AGAIN
"""Messages whose words one call may replace: subscribers get all of them again."""


def correct_message(message_id: UUID, text: str, user_id: int) -> list[StoredEvent]:
    """Replace a message's text and return the event; see `edit_message`."""
    return edit_message(message_id, user_id, text=text).events


def edit_message(message_id: UUID, user_id: int, *, text: str | None = None, member_id: UUID | None = None) -> Edited:
    """Replace a message's text, or say which member spoke it, or both.

    `original_text` keeps the recognised text; a translation is removed. Entities, sentiment and phrases are analysed again, and the new
    text is searched for the trackers of the conversation. Insights of the message do not change; they have their own review. The same
    text and member again change nothing. Raises UnknownMessage, UnknownMember, and RecorderError for empty text.
    """
    wording = None if text is None else wording_of(text)
    with write_transaction():
        message, edit = locked_message(message_id, user_id)
        edit.watch(Message.objects.filter(id=message_id), *found_in([message_id]))
        if member_id is not None and message.member_id != member_id:
            edit.watch(Speaker.objects.filter(conversation=edit.conversation, member_id=member_id))
            voice = speakers.of_member(edit.conversation, member_in(edit.conversation, member_id))
            move(edit, {MessageTime(message.id, message.offset_s, message.duration_s, message.member_id): voice})
            message.speaker, message.speaker_chosen = voice, True
            message.save()  # the analysis of other words looks for the former message of this speaker
        if wording is not None and wording != message.text:
            _reword(edit, {message: wording})
        message.save()
        return edit.store(Change.Kind.MESSAGE, message_id)


def edit_texts(conversation_id: int, texts: Mapping[UUID, str], user_id: int) -> Edited:
    """Replace the texts of messages of a conversation as one change, each as `edit_message` does; the change names the first of them.

    Raises UnknownConversation, UnknownMessage if the conversation has not all of the messages, and RecorderError for an empty text and for
    no or more than MOST_EDITED messages.
    """
    if not 1 <= len(texts) <= MOST_EDITED:
        raise RecorderError(f"messages: 1 to {MOST_EDITED} are allowed, not {len(texts)}")
    wordings = {identity: wording_of(text) for identity, text in texts.items()}
    with write_transaction():
        edit = Edit(locked(conversation_id), user_id)
        found = Message.objects.filter(conversation=edit.conversation, id__in=wordings)
        messages = list(found.select_related("speaker__member").order_by("number"))
        if len(messages) < len(wordings):
            missing = next(identity for identity in wordings if all(one.id != identity for one in messages))
            raise UnknownMessage(f"message {missing} is not in conversation {conversation_id}")
        edit.watch(found, *found_in(list(wordings)))
        changed = {one: wordings[one.id] for one in messages if wordings[one.id] != one.text}
        _reword(edit, changed)
        Message.objects.bulk_update(changed, _REWORDED)
        return edit.store(Change.Kind.MESSAGE, messages[0].id)


_REWORDED = ("text", "original_text", "corrected_by", "corrected_at", "translation", "sentiment", "phrases")
"""The columns that other words change."""


def _reword(edit: Edit, texts: Mapping[Message, str]) -> None:
    """Give messages of an edit other words, and analyse them again. The messages themselves are not saved."""
    for message, text in texts.items():
        message.original_text = message.original_text or message.text
        message.text, message.corrected_by_id, message.corrected_at = text, edit.user_id, edit.now
        message.translation = ""  # it is that of the former words
    analyse_again(list(texts), edit.conversation)
    match_again(list(texts), edit.conversation)


def wording_of(text: str) -> str:
    """Return a text that a person wrote, without NUL and white space at its ends. Raises RecorderError if it is empty or too long."""
    wording = clean(text).strip()
    if not wording:
        raise RecorderError("text: at least one character is needed")
    if len(wording) > LONGEST_TEXT:
        raise RecorderError(f"text: at most {LONGEST_TEXT} characters are allowed, not {len(wording)}")
    return wording


def locked_message(message_id: UUID, user_id: int) -> tuple[Message, Edit]:
    """Return a message with its speaker, and an edit of its conversation, which is locked. Raises UnknownMessage."""
    found = Message.objects.filter(id=message_id).values_list("conversation_id", flat=True).first()
    conversation = locked(found) if found is not None else None
    message = Message.objects.select_related("speaker__member").filter(id=message_id).first()
    if message is None or conversation is None:
        raise UnknownMessage(f"message {message_id} does not exist")
    return message, Edit(conversation, user_id)
