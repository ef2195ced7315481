"""The language of what is written to an account outside of its own requests, such as mails."""

from contextlib import AbstractContextManager

from django.conf import settings
from django.utils import translation


def in_language_of(language: str) -> AbstractContextManager[None]:
    """Use the language of an account (`AccountSettings.language`): if empty, that of the request that causes the text, else English."""
    return translation.override(language or translation.get_language() or settings.LANGUAGE_CODE)
