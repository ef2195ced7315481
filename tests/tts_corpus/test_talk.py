"""The demo's insights."""

import pytest

from tests.bench.tts_corpus import table, talk


def test_the_script_holds_what_is_expected() -> None:
    """All twelve insights are found in the demo as it is written."""
    result = talk.insights(talk.written())
    assert result.found == result.expected == {"question": 5, "action_item": 5, "follow_up": 2}


@pytest.mark.parametrize("model", table.MODELS)
def test_heard(model: str) -> None:
    """As heard, at most one of twelve is lost, and nothing comes up in a turn without any."""
    turns = talk.heard(table.read(model))
    result = talk.insights(turns)
    assert sum(result.found.values()) >= 11
    assert {turn for turn, _ in result.besides} <= set(talk.EXPECTED)


def test_other_turns_are_refused() -> None:
    """Without a turn for each of the script there is nothing to compare."""
    with pytest.raises(ValueError, match="17 turns, not 1"):
        talk.insights([("Anna", "Hello.")])
