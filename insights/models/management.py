"""The tables of what an account manages: its trackers, entities, groups of conversations and vocabulary."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insights.models.conversations import LEAST_ID, MOST_ID, new_conversation_id

LONGEST_NAME = 256
LONGEST_CRITERIA = 2000


class AccountTracker(models.Model):
    """A tracker of an account, which `enableAllTrackers` turns on. Its name is unique for the account and case-sensitive."""

    id = models.BigIntegerField(primary_key=True, default=new_conversation_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="trackers", verbose_name=_("owner"))
    name = models.CharField(max_length=LONGEST_NAME, verbose_name=_("name"))
    description = models.TextField(blank=True, default="", verbose_name=_("description"))
    categories = models.JSONField(default=list, blank=True, verbose_name=_("categories"))
    languages = models.JSONField(default=list, blank=True, verbose_name=_("languages"))
    vocabulary = models.JSONField(default=list, help_text=_("The phrases, a list of texts."), verbose_name=_("vocabulary"))
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("created"))
    updated_at = models.DateTimeField(auto_now=True, verbose_name=_("last changed"))

    class Meta:
        verbose_name, verbose_name_plural = _("account tracker"), _("account trackers")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="tracker_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="tracker_has_a_name"),
            models.CheckConstraint(condition=Q(id__gte=LEAST_ID, id__lte=MOST_ID), name="tracker_id_has_16_digits"),
        ]

    def __str__(self) -> str:
        return self.name


class AccountEntity(models.Model):
    """A custom entity of an account: the words (`values`) that stand for one subtype, such as Vehicle / Honda / hrv, crv."""

    id = models.BigIntegerField(primary_key=True, default=new_conversation_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="entities", verbose_name=_("owner"))
    type = models.CharField(max_length=LONGEST_NAME, verbose_name=_("type"))
    sub_type = models.CharField(max_length=LONGEST_NAME, verbose_name=_("subtype"))
    category = models.CharField(max_length=LONGEST_NAME, default="Custom", verbose_name=_("category"))
    values = models.JSONField(default=list, help_text=_("The words, a list of texts."), verbose_name=_("values"))
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("created"))
    updated_at = models.DateTimeField(auto_now=True, verbose_name=_("last changed"))

    class Meta:
        verbose_name, verbose_name_plural = _("account entity"), _("account entities")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "type", "sub_type"], name="entity_sub_type_unique"),
            models.CheckConstraint(condition=~Q(type="") & ~Q(sub_type=""), name="entity_has_a_type"),
            models.CheckConstraint(condition=Q(id__gte=LEAST_ID, id__lte=MOST_ID), name="entity_id_has_16_digits"),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.sub_type}"


class ConversationGroup(models.Model):
    """A name for the conversations of an account that fulfil a criterion in RSQL."""

    id = models.BigIntegerField(primary_key=True, default=new_conversation_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversation_groups", verbose_name=_("owner"))
    name = models.CharField(max_length=128, verbose_name=_("name"))
    description = models.CharField(max_length=512, blank=True, default="", verbose_name=_("description"))
    criteria = models.CharField(
        max_length=LONGEST_CRITERIA, help_text=_("An RSQL expression over the conversation's fields."), verbose_name=_("criteria")
    )
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("created"))
    updated_at = models.DateTimeField(auto_now=True, verbose_name=_("last changed"))

    class Meta:
        verbose_name, verbose_name_plural = _("conversation group"), _("conversation groups")
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(criteria=""), name="group_has_name_and_criteria"),
            models.CheckConstraint(condition=Q(id__gte=LEAST_ID, id__lte=MOST_ID), name="group_id_has_16_digits"),
        ]
        indexes = [models.Index(fields=["owner", "created_at"], name="group_owner_created")]

    def __str__(self) -> str:
        return self.name


class AccountVocabulary(models.Model):
    """The names and terms of an account, to which recognised text is corrected in all of its conversations."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="vocabulary")
    phrases = models.JSONField(default=list, blank=True, help_text="A list of texts.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "account vocabularies"

    def __str__(self) -> str:
        return f"{len(self.phrases)} phrases of {self.owner_id}"
