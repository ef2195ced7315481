"""Languages that the detectors support. In other languages only exact words of trackers and vocabulary are found."""

KNOWN = ("en",)
"""Primary subtags of BCP 47."""


def knows(language: str) -> bool:
    """Return whether a language tag such as en-GB is supported."""
    return language.partition("-")[0].lower() in KNOWN
