"""The table of what a language model wrote about conversations."""

from django.db import models

from insights.models.conversations import Conversation


class LanguageResult(models.Model):
    """The result of one kind of job by a language model. An edit of the conversation's messages removes it (`insights.recorder`)."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="language_results")
    kind = models.CharField(max_length=32, help_text="The kind of the job, such as summary.")
    value = models.JSONField(help_text="A list of {text, messageIds}, or the call score.")
    messages = models.PositiveIntegerField(help_text="Number of the last message that was read.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["conversation_id", "kind"]
        constraints = [models.UniqueConstraint(fields=["conversation", "kind"], name="language_result_unique")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.conversation_id}"
