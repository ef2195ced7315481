"""Languages that the detectors support. In other languages only addresses and exact words of trackers and vocabulary are found."""

KNOWN = ("en",)
"""Primary subtags of BCP 47 of the languages in which everything is found."""
RULED = ("de", "es", "fr")
"""Those in which insights, entities of form and topics are found by rules (`other_languages`)."""

AUTO = "auto"
"""The language of a conversation whose language is found in its audio, until it is found."""


def primary(language: str) -> str:
    """Return the primary subtag of a language tag: `en` of en-GB."""
    return language.partition("-")[0].lower()


def knows(language: str) -> bool:
    """Return whether everything is found in a language tag such as en-GB."""
    return primary(language) in KNOWN


def has_topics(language: str) -> bool:
    """Return whether topics and insights are found in a language."""
    return primary(language) in KNOWN + RULED
