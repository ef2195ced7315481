"""The table of running server processes."""

from django.db import models


class ServerProcess(models.Model):
    """One event loop of a server process. A process whose heartbeat is too old has died, or is suspended."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=200, help_text="Host name and process id.")
    channel = models.CharField(max_length=200, help_text="Its channel of the channel layer; empty where there is no other process.")
    seen_at = models.DateTimeField(help_text="Last heartbeat, by the clock of the database.")

    def __str__(self) -> str:
        return self.name
