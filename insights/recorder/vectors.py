"""Vectors of messages, which a worker computes after the messages are stored. They are no event: nothing that a client sees changes."""

from collections.abc import Sequence

from insights.analysis.embedding import Floats, packed
from insights.database import write_transaction
from insights.models import Conversation, Message, MessageVector


def store_vectors(messages: Sequence[Message], vectors: Floats) -> None:
    """Store the vectors of messages whose text is still the same; others wait for the next run."""
    computed = {message.pk: (message.text, values) for message, values in zip(messages, packed(vectors), strict=True)}
    with write_transaction():
        ids = {message.conversation_id for message in messages}
        locked = Conversation.objects.filter(pk__in=ids).order_by("pk").select_for_update()  # before their messages, as everywhere
        rows = Message.objects.filter(pk__in=computed, conversation_id__in=[one.pk for one in locked.only("pk")]).order_by()
        now = rows.values_list("pk", "conversation_id", "number", "text")
        MessageVector.objects.bulk_create(
            [
                MessageVector(message_id=pk, conversation_id=conversation_id, number=number, values=computed[pk][1])
                for pk, conversation_id, number, text in now
                if text == computed[pk][0]
            ],
            ignore_conflicts=True,
        )
