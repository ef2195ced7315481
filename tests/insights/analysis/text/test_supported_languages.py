"""The supported languages."""

import pytest

from insights.analysis.text.supported_languages import knows


@pytest.mark.parametrize(
    ("language", "known"), [("en-US", True), ("EN", True), ("en-Latn-GB", True), ("es-ES", False), ("eno", False), ("", False)]
)
def test_english_only(language: str, known: bool) -> None:
    """The primary subtag decides, in any case."""
    assert knows(language) is known
