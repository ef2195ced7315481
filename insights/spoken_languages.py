"""The languages that pages offer for recordings. `streaming`, which has the recogniser, registers the function that lists them."""

from collections.abc import Callable, Sequence

from insights.analysis.text.supported_languages import KNOWN, primary

Lister = Callable[[], Sequence[str]]
"""Returns the language codes, such as en-US, that recordings may have; the first is the default."""

_listers: list[Lister] = []


def register(lister: Lister) -> None:
    """Make `lister` the one that lists the languages."""
    _listers[:] = [lister]


def languages() -> tuple[str, ...]:
    """Return the languages of the recogniser; none if this process does not know them."""
    return tuple(_listers[0]()) if _listers else ()


def has_others() -> bool:
    """Return whether there are languages other than English."""
    return any(primary(code) not in KNOWN for code in languages())
