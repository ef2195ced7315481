"""Statements by a language model: what supports them, and long conversations."""

import pytest

from insights.abstractive import PART_CHARACTERS, BadAnswer, ModelTask, SpokenLine, Statement, statements
from tests.insights.language_server import sentences

LINES = [
    SpokenLine("m1", "Ada", "We replace the heat pump in summer."),
    SpokenLine("m2", "Ben", "Good morning."),
    SpokenLine("m3", "", "The budget for the pump is 9,000 francs."),
]


def test_sentences_with_their_messages() -> None:
    """Numbers become ids, in the order of the conversation; the model sees names and numbered lines."""
    asked: list[str] = []

    def ask(instructions: str, text: str) -> str:
        asked.append(text)
        return sentences(("The pump costs 9,000 francs and is replaced in summer.", [3, 1]))

    found = statements(LINES, ModelTask.SUMMARY, ask, lambda fraction: None)
    assert found == [Statement("The pump costs 9,000 francs and is replaced in summer.", ("m1", "m3"))]
    assert asked == ["[1] Ada: We replace the heat pump in summer.\n[2] Ben: Good morning.\n[3] The budget for the pump is 9,000 francs."]


@pytest.mark.parametrize("numbers", [[], [0], [4], [-1], [2], [True]])
def test_a_sentence_without_support_is_dropped(numbers: list[int]) -> None:
    """No message, one that does not exist, or one that shares no content word with the sentence is no support."""
    found = statements(LINES, ModelTask.SUMMARY, lambda wanted, text: sentences(("The pump is replaced.", numbers)), lambda fraction: None)
    assert found == []


@pytest.mark.parametrize("content", ["", "Sure!", "[]", "{}", '{"sentences": 3}', "{" * 50_000])
def test_an_answer_without_the_json(content: str) -> None:
    """It is an error, not an empty summary."""
    with pytest.raises(BadAnswer, match="JSON"):
        statements(LINES, ModelTask.SUMMARY, lambda wanted, text: content, lambda fraction: None)


def test_a_fence_and_bad_items() -> None:
    """Markdown around the JSON is accepted; items of another form are skipped."""
    content = '```json\n{"sentences": [7, {"text": 1}, {"text": "The pump is new.", "messages": [1]}, {"text": " ", "messages": [1]}]}\n```'
    found = statements(LINES, ModelTask.SUMMARY, lambda wanted, text: content, lambda fraction: None)
    assert [one.text for one in found] == ["The pump is new."]


def test_a_long_conversation_is_read_in_parts() -> None:
    """Sentences about parts are condensed; each keeps the messages of the parts that it rests on. Progress never falls."""
    text = "The committee discussed the bridge budget again. " * 10
    lines = [SpokenLine(f"m{at}", "", text) for at in range(3 * (PART_CHARACTERS // len(text)))]
    fractions: list[float] = []
    sizes: list[int] = []

    def ask(instructions: str, given: str) -> str:
        sizes.append(len(given))
        return sentences(("The committee discussed the bridge.", [1, 2]))

    found = statements(lines, ModelTask.SUMMARY, ask, fractions.append)
    assert len(sizes) == 4
    assert max(sizes) < 1.1 * PART_CHARACTERS
    assert len(found) == 1
    assert len(found[0].message_ids) == 4
    assert fractions == sorted(fractions)
    assert fractions[-1] < 1.0


def test_nothing_said() -> None:
    """The model is not asked."""
    assert statements([SpokenLine("m1", "Ada", " ")], ModelTask.INTENTS, lambda wanted, text: 1 / 0, lambda fraction: None) == []  # type: ignore[arg-type, return-value]
