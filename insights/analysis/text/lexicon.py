"""Word lists shipped with the package: plain text in data/, separated by white space; '#' begins a comment line."""

from functools import cache
from importlib.resources import files


@cache
def words(name: str) -> frozenset[str]:
    """Return the words of data/<name>.txt as written there (lower case)."""
    text = (files("insights.analysis") / "data" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
