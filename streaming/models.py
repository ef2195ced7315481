"""The table of the session directory."""

from django.db import models
from django.db.models import Q

from insights.models import ServerProcess


class DirectoryEntry(models.Model):
    """The session of a stream that has an id, and its process.

    Ids are per user; anonymous clients share one set. The id itself is not stored, since it gives access to a session of an anonymous
    client, and may hold characters that a database refuses.
    """

    stream = models.TextField()
    webrtc_id_hash = models.CharField(max_length=64, help_text="SHA-256 of the id, hexadecimal.")
    owner_id = models.BigIntegerField(null=True, blank=True, help_text="Id of the account; empty for an anonymous client.")
    session = models.UUIDField(unique=True)
    transport = models.CharField(max_length=16)
    process = models.ForeignKey(ServerProcess, models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    ended = models.BooleanField(default=False, help_text="The session has ended: its last outputs can be read, its id is free.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "webrtc_id_hash", "owner_id"], name="directory_one_session_per_owner"),
            models.UniqueConstraint(
                fields=["stream", "webrtc_id_hash"], condition=Q(owner_id=None), name="directory_one_anonymous_session"
            ),
        ]

    def __str__(self) -> str:
        return str(self.session)
