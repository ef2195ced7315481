"""The form of a webhook."""

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from insights import reason_words, webhooks
from insights.http_client import UrlRefused, check_url
from insights.models import WebhookEndpoint
from insights.names import clean_name

MEANINGS = {
    "conversation.started": gettext_lazy("a conversation starts"),
    "conversation.completed": gettext_lazy("a conversation ends"),
    "insight.created": gettext_lazy("an insight is found"),
    "tracker.matched": gettext_lazy("a tracker matches"),
    "task.assigned": gettext_lazy("a task is assigned to you"),
}


class WebhookForm(forms.Form):
    """A URL, and the kinds of events that are sent to it."""

    url = forms.CharField(
        label="URL",
        max_length=2048,
        help_text=gettext_lazy("For example: https://example.com/parley"),
        widget=forms.URLInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=[(kind, format_lazy("{}: {}", kind, MEANINGS[kind])) for kind in webhooks.EVENT_KINDS],
        error_messages={"required": gettext_lazy("Choose at least one event.")},
        widget=forms.CheckboxSelectMultiple,
    )
    description = forms.CharField(label=gettext_lazy("Description"), required=False, max_length=200)

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "WebhookForm":
        """Return the form with the stored values."""
        return cls(initial={"url": endpoint.url, "events": endpoint.events, "description": endpoint.description})

    def clean_url(self) -> str:
        """Refuse a URL to which no request would be sent."""
        url = str(self.cleaned_data["url"])
        try:
            check_url(url)
        except UrlRefused as error:
            raise forms.ValidationError(reason_words.as_sentence(str(error))) from None
        return url

    def changes(self) -> webhooks.Changes:
        """Return the values of a valid form."""
        data = self.cleaned_data
        return webhooks.Changes(url=data["url"], events=data["events"], description=clean_name(data["description"]))
