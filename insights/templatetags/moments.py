"""Template tag that writes a date or time, which the page's script then puts into the reader's time zone (`page.js`)."""

from datetime import datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_FORMATS = {"day": "SHORT_DATE_FORMAT", "full": "SHORT_DATETIME_FORMAT"}


@register.simple_tag
def moment(at: datetime, form: str) -> SafeString:
    """Return a `time` element with a day (`day`) or a day and a time (`full`), for use inside a translated sentence."""
    return format_html('<time datetime="{}" data-as="{}">{}</time>', at.isoformat(), form, date_format(at, _FORMATS[form]))
