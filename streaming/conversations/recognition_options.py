"""The language of a recognition: whether the recogniser knows it, what is found in it, and the options that follow from it."""

from django.conf import settings

from insights.analysis.text import supported_languages
from streaming.speech.end_of_turn import words_model
from streaming.speech.engines.base import Recogniser, RecognitionOptions


def not_understood(engine: Recogniser) -> str:
    """Return the rest of an error about a language that a recogniser does not know."""
    more = getattr(engine, "more_languages", "")  # an engine need not derive from Recogniser
    return f"is not understood here: allowed are {', '.join(engine.languages)}" + (f" ({more})" if more else "")


def warning_about(language: str) -> str:
    """Return the warning for a speaker of a language in which not everything is found; empty if everything is."""
    if supported_languages.knows(language):
        return ""
    known = ", ".join(supported_languages.KNOWN)
    if supported_languages.has_topics(language):
        found = "questions, action items and follow-ups are found by rules, and topics, numbers and dates"
        return f"config.languageCode {language!r}: {found}; names, sentiment and summaries need {known}"
    needed = ", ".join(sorted((*supported_languages.KNOWN, *supported_languages.RULED)))
    found = "only addresses and the words of trackers are found in it"
    return f"config.languageCode {language!r} is written down, but {found}: insights need one of {needed}"


def knows(languages: tuple[str, ...], language: str) -> bool:
    """Return whether a recogniser's list includes a BCP-47 language: en-US matches en or en-US, en matches both, ignoring case."""
    wanted = language.lower()
    known = {entry.lower() for entry in languages}
    return wanted in known or wanted.split("-")[0] in known or wanted in {entry.split("-")[0] for entry in known}


def recognition_options(language: str, *, translate: bool = False) -> RecognitionOptions:
    """Return the options of a live recognition in this language, by the settings."""
    words_decide = settings.END_OF_TURN == "words" and knows(("en",), language)
    return RecognitionOptions(
        language,
        end_of_turn_ms=settings.END_OF_TURN_MS,
        longest_turn_s=settings.LONGEST_TURN_S,
        end_of_turn=words_model() if words_decide else None,
        longest_pause_ms=settings.LONGEST_PAUSE_MS,
        interim_ms=settings.INTERIM_INTERVAL_MS,
        translate=translate,
    )
