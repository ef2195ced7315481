"""What the admin's modules share: base classes with type parameters (which exist for the type checker only), and who reviews."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from insights.models import App, Conversation, Insight, Message

if TYPE_CHECKING:
    AppBase = admin.ModelAdmin[App]
    ConversationBase = admin.ModelAdmin[Conversation]
    InsightBase = admin.ModelAdmin[Insight]
    TableBase = admin.TabularInline[Any, Any]
    FormSetBase = BaseInlineFormSet[Any, Any, Any]
else:
    AppBase = ConversationBase = InsightBase = admin.ModelAdmin
    TableBase = admin.TabularInline
    FormSetBase = BaseInlineFormSet


class WithConfidence:
    """Shows a confidence as people read it, in a column named `sure`."""

    @admin.display(description="Confidence", ordering="confidence")
    def sure(self, found: Message | Insight) -> str:
        """Return the confidence in percent."""
        return f"{found.confidence:.0%}"


def reviewer(request: HttpRequest) -> int:
    """Return the id of the account that corrects or reviews."""
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk
