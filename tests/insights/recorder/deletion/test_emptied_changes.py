"""What was deleted is in no change any more."""

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Change, Message
from insights.recorder import ChangeConflict, Joined, NamedSpeaker, SpeakerEvent
from insights.recorder.deletion.emptied_changes import empty_all_changes, empty_changes
from tests.insights.conftest import Say


def words_in(change: int) -> str:
    """Return what a change holds, as text."""
    row = Change.objects.get(pk=change)
    return f"{row.before} {row.after}"


def test_changes_of_a_deleted_message_are_emptied(joined: Joined, say: Say, owner: User) -> None:
    """A correction, and a split or join with another message, keep no words; they cannot be undone. Other changes can."""
    say("The zeppelin is ready.")
    say("Fine.")
    first, second = Message.objects.order_by("number")
    corrected = recorder.edit_message(first.id, owner.pk, text="The zeppelin is late.")
    other = recorder.edit_message(second.id, owner.pk, text="Good.")
    joining = recorder.join_next(first.id, owner.pk)
    third, split = recorder.split_message(first.id, 12, owner.pk)
    spoken = recorder.attribute_speakers(joined.conversation_id, [SpeakerEvent(True, NamedSpeaker("b", "Ben"), 0)], owner.pk)
    ids = [edited.change_id for edited in (corrected, other, joining, split, spoken)]
    assert None not in ids
    Message.objects.filter(id=first.id).delete()
    assert empty_changes(joined.conversation_id, [str(first.id)]) == 4
    assert ["zeppelin" in words_in(one or 0) for one in ids] == [False] * 5
    assert "Good." in words_in(other.change_id or 0)
    for one in (corrected, joining, split):
        with pytest.raises(ChangeConflict, match="what it changed was deleted"):
            recorder.undo(one.change_id or 0, owner.pk)
    recorder.undo(spoken.change_id or 0, owner.pk)
    assert str(Message.objects.get(id=third).member) == "Ada"


def test_a_person_and_a_redacted_conversation_leave_nothing(joined: Joined, say: Say, owner: User) -> None:
    """Every change that names the person is emptied; a redaction empties all."""
    say("Ada will call.")
    assert joined.member is not None
    renamed = recorder.edit_member(joined.conversation_id, joined.member.id, owner.pk, name="Zeppelin")  # type: ignore[arg-type]
    title = recorder.edit_conversation(joined.conversation_id, owner.pk, name="Budget")
    assert "Zeppelin" in words_in(renamed.change_id or 0)
    assert empty_changes(joined.conversation_id, [joined.member.id], persons=True) == 1
    assert "Zeppelin" not in words_in(renamed.change_id or 0)
    assert "Budget" in words_in(title.change_id or 0)
    assert empty_all_changes(joined.conversation_id) == 2
    assert "Budget" not in words_in(title.change_id or 0)
