"""Backchannels: what a listener says without taking the turn, such as "mhm", "yes" or "I see". Lists of words, no model.

There are two kinds, because they differ before a reply is heard: a filled pause ("um", "mhm") says nothing, while an acknowledgement
("yes") may be an answer. The term is Yngve's (1970, "On getting a word in edgewise"); the MRDA corpus tags them b and bk.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SPLIT = re.compile(r"[^\w']+")

_FILLED_PAUSES: dict[str, str] = {
    "en": "mhm mh mm mmm mmhm mmhmm hm hmm hmmm um umm uh uhh er erm ah ahh oh ooh eh uhhuh huh aha | m hm | um hum | m h m",
    "de": "mhm mm mmm hm hmm äh ähm öh öhm ach oh ah aha",
    "fr": "mhm mm mmm hm hmm euh heu hein ah oh ben",
    "es": "mhm mm mmm hm hmm eh em ah oh ajá aja",
}
_ACKNOWLEDGEMENTS: dict[str, str] = {
    "en": (
        "yes yeah yep yup yea ya okay ok kay right sure alright exactly totally absolutely indeed definitely certainly wow cool nice great "
        "good perfect true understood really | i see | i know | got it | i got it | of course | go on | go ahead | that's right "
        "| that's true | that's good | all right | makes sense | fair enough | no problem | sounds good | very good | i understand"
    ),
    "de": (
        "ja jo jawohl okay ok genau richtig stimmt klar gut schön super prima toll eben verstehe verstanden sicher natürlich wirklich echt "
        "| ach so | alles klar | ich verstehe | na klar | sehr gut | ist gut | in ordnung | so ist es"
    ),
    "fr": (
        "oui ouais okay ok voilà exact exactement bien bon super parfait entendu compris vraiment certes absolument "
        "| d'accord | d accord | je vois | bien sûr | c'est vrai | c'est ça | très bien | ça marche | je comprends | ah bon | tout à fait"
    ),
    "es": (
        "sí si vale claro okay ok bien bueno ya exacto exactamente correcto cierto perfecto entiendo entendido genial verdad "
        "| de acuerdo | por supuesto | muy bien | ya veo | está bien | así es | lo entiendo | de verdad"
    ),
}
_COMMANDS: dict[str, str] = {
    "en": "stop wait halt quiet enough cancel pause",
    "de": "stop stopp halt warte warten ruhe genug moment",
    "fr": "stop arrête arrêtez attends attendez silence assez",
    "es": "para pare espera espere alto basta silencio",
}
LANGUAGES = tuple(_ACKNOWLEDGEMENTS)
"""The languages with lists, by their first subtag."""

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """How many words of a turn are filled pauses, acknowledgements, and others (`content`)."""

    filled: int = 0
    acknowledging: int = 0
    content: int = 0


class Backchannels:
    """The backchannels of some languages.

    Args:
        languages: language tags such as "en" or "de-AT"; those without a list are ignored, and none at all means all lists.
        more: further words or phrases that count as acknowledgements.
    """

    def __init__(self, languages: Iterable[str] = (), more: Iterable[str] = ()) -> None:
        chosen = {language.lower().split("-")[0] for language in languages} & set(LANGUAGES) or set(LANGUAGES)
        self._filled = _phrases(" | ".join(_one_by_one(_FILLED_PAUSES[language]) for language in sorted(chosen)))
        acknowledging = _phrases(" | ".join(_one_by_one(_ACKNOWLEDGEMENTS[language]) for language in sorted(chosen)))
        self._acknowledging = acknowledging | {phrase for text in more if (phrase := tuple(plain_words([text])))}
        self._commands = frozenset(word for language in chosen for word in _COMMANDS[language].split())
        self._longest = max(map(len, self._filled | self._acknowledging))

    def count(self, words: Sequence[str]) -> Words:
        """Return how many words are of which kind; the longest phrase that fits decides."""
        plain = plain_words(words)
        filled = acknowledging = content = at = 0
        while at < len(plain):
            phrases = (tuple(plain[at : at + length]) for length in range(min(self._longest, len(plain) - at), 0, -1))
            found = next((phrase for phrase in phrases if phrase in self._filled or phrase in self._acknowledging), ())
            if not found:
                content += 1
            elif found in self._filled:
                filled += len(found)
            else:
                acknowledging += len(found)
            at += max(1, len(found))
        return Words(filled, acknowledging, content)

    def contain_command(self, words: Sequence[str]) -> bool:
        """Return whether one of the words is an order to be silent, such as "stop"."""
        return not self._commands.isdisjoint(plain_words(words))


def plain_words(words: Sequence[str]) -> list[str]:
    """Return the words in lower case, split at hyphens and without punctuation."""
    return [part for word in words for part in _SPLIT.split(word.lower().replace("’", "'")) if part.strip("'_")]


def _one_by_one(text: str) -> str:
    """Separate single words, which come first and without bars."""
    singles, *phrases = text.split("|")
    return " | ".join([*singles.split(), *phrases])


def _phrases(text: str) -> frozenset[Phrase]:
    return frozenset(tuple(phrase.split()) for phrase in text.split("|"))
