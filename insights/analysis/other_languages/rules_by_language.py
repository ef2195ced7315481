"""The rules of each language that has some.

They are imported when a text of the language is first analysed, because compiling their patterns takes a twentieth of the CPU time of a
start.
"""

from insights.analysis.other_languages.rules import LanguageRules
from insights.analysis.text.supported_languages import primary


def rules_of(language: str) -> LanguageRules | None:
    """Return the rules of a language tag such as de-AT; None if it has none."""
    code = primary(language)
    if code == "de":
        from insights.analysis.other_languages.german import RULES as german

        return german
    if code == "fr":
        from insights.analysis.other_languages.french import RULES as french

        return french
    if code == "es":
        from insights.analysis.other_languages.spanish import RULES as spanish

        return spanish
    return None
