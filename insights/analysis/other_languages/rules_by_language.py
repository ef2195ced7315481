"""The rules of each language that has some."""

from insights.analysis.other_languages import french, german, spanish
from insights.analysis.other_languages.rules import LanguageRules
from insights.analysis.text.supported_languages import primary

_RULES = {one.code: one for one in (german.RULES, french.RULES, spanish.RULES)}


def rules_of(language: str) -> LanguageRules | None:
    """Return the rules of a language tag such as de-AT; None if it has none."""
    return _RULES.get(primary(language))
