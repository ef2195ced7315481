"""Which languages the detectors know. In others nothing is found but the very words of trackers and vocabulary."""

KNOWN = ("en",)
"""Primary subtags of BCP 47."""


def knows(language: str) -> bool:
    """Whether a language such as en-GB is one of those."""
    return language.partition("-")[0].lower() in KNOWN
