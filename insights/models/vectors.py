"""The table of the vectors of messages, for the search by meaning. Triggers remove a vector with its message, and when the text changes."""

from django.db import models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from insights.models.conversations import Conversation
from insights.models.messages import Message

VECTORS = "insights_messagevector"

_EVENTS = {"deleted": "DELETE", "changed": "UPDATE OF text, number"}
TRIGGERS = {f"{VECTORS}_{name}": f"AFTER {event} ON insights_message" for name, event in _EVENTS.items()}


class MessageVector(models.Model):
    """The meaning of one message: 384 signed bytes (`insights.analysis.embedding`). A message without one waits for a worker."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, db_constraint=False, related_name="vector")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField(help_text="That of the message.")
    values = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "number"], name="vector_number_unique")]

    def __str__(self) -> str:
        return f"vector of message {self.message_id}"


def install(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers, and replace those that exist."""
    uninstall(schema_editor)
    remove = f"DELETE FROM {VECTORS} WHERE message_id = OLD.id"  # noqa: S608  # constants
    if schema_editor.connection.vendor == "postgresql":
        body = f"BEGIN {remove}; RETURN NULL; END"
        schema_editor.execute(f"CREATE FUNCTION {VECTORS}_remove() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$", params=None)
        for name, when in TRIGGERS.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {VECTORS}_remove()", params=None)
        return
    with transaction.atomic(schema_editor.connection.alias):
        for name, when in TRIGGERS.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {when} BEGIN {remove}; END", params=None)


def uninstall(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers, if there are some."""
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name in TRIGGERS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}" + (" ON insights_message" if postgresql else ""), params=None)
    if postgresql:
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {VECTORS}_remove()", params=None)
