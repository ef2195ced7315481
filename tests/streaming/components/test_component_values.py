"""Values between pages and handlers."""

from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streaming.components import UNCHANGED, Component, ComponentError, HandlerResult, components_of, from_page, media, new_values, to_page
from tests.streaming.components import gradio_like as gr


def of(source: Any) -> Component:
    """Return the component of a page for an object of a program."""
    [found] = components_of([source], [source])
    return found


LETTERS = [("A", "a"), ("B", "b")]


@pytest.mark.parametrize(
    ("source", "sent", "value"),
    [
        (gr.Slider(minimum=0, maximum=1), 0.5, 0.5),
        (gr.Number(precision=0), 3, 3),
        (gr.Number(), None, None),
        (gr.Textbox(), "a", "a"),
        (gr.Radio(choices=LETTERS), 1, "b"),
        (gr.Radio(choices=LETTERS, type="index"), 1, 1),
        (gr.CheckboxGroup(choices=LETTERS), [1, 0], ["b", "a"]),
        (gr.Checkbox(), True, True),
        (gr.State(), {"a": 1}, {"a": 1}),
        (gr.Chatbot(type="messages"), [{"role": "user", "content": "a"}], [{"role": "user", "content": "a"}]),
        (gr.Image(), None, None),
    ],
)
def test_a_handler_gets_the_type_of_the_component(source: Any, sent: Any, value: Any) -> None:
    """As from Gradio's own page."""
    assert from_page(of(source), sent) == value


def test_a_chat_of_pairs() -> None:
    """The type "tuples" has pairs of what the user said and the answer."""
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "assistant", "content": "c"},
        {"role": "user", "content": "d"},
    ]
    component = of(gr.Chatbot(type="tuples"))
    pairs = [["a", "b"], [None, "c"], ["d", None]]
    assert from_page(component, messages) == pairs
    assert to_page(component, pairs) == messages


@pytest.mark.parametrize(
    ("source", "sent", "text"),
    [
        (gr.Slider(minimum=0, maximum=1, label="Size"), 2, "Size: at least 0 and at most 1"),
        (gr.Number(label="Count"), "3", "Count: a number is needed, not str"),
        (gr.Radio(choices=LETTERS), 2, "Radio: the position of a choice is needed: 0 to 1"),
        (gr.CheckboxGroup(choices=LETTERS), 1, "a list"),
        (gr.Number(precision=0), float("inf"), "a number is needed"),
        (gr.Checkbox(), 1, "true or false"),
        (gr.Chatbot(type="tuples"), ["a"], "a list of messages is needed"),
        (gr.Textbox(), [], "a text is needed, not list"),
        (gr.Image(), {"data": "data:image/png;base64,AAAA"}, "the picture cannot be read"),
        (gr.Audio(type="numpy"), {"data": "nothing"}, "not a data URL"),
        (gr.File(), "a", "a file is needed"),
    ],
)
def test_a_wrong_value_is_named_with_its_component(source: Any, sent: Any, text: str) -> None:
    """The error has the label and what is allowed."""
    with pytest.raises(ComponentError, match=text):
        from_page(of(source), sent)


def test_pictures_go_both_ways() -> None:
    """An array becomes a PNG for the page, and a picture of the page an array, or a file."""
    array = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    shown = to_page(of(gr.Image()), array)
    assert shown["data"].startswith("data:image/png;base64,")
    assert np.array_equal(from_page(of(gr.Image()), shown), array)
    path = from_page(of(gr.Image(type="filepath")), shown)
    assert Path(path).read_bytes() == b64decode(shown["data"].partition(",")[2])
    assert to_page(of(gr.Image()), path) == {**shown, "name": Path(path).name}


def test_small_files_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture with too many pixels is refused undecoded, and audio as soon as it is too long."""
    shown = to_page(of(gr.Image()), np.zeros((64, 64, 3), np.uint8))
    monkeypatch.setattr(media, "MOST_PIXELS", 64 * 64 - 1)
    with pytest.raises(ComponentError, match="more than 4095 pixels"):
        from_page(of(gr.Image()), shown)
    shown = to_page(of(gr.Audio()), (8000, np.zeros(8001, np.int16)))
    monkeypatch.setattr(media, "MOST_S", 1.0)
    with pytest.raises(ComponentError, match="more than 1 s"):
        from_page(of(gr.Audio(type="numpy")), shown)


def test_sounds_go_both_ways() -> None:
    """(rate, samples) becomes a WAV for the page, and a sound of the page (rate, samples)."""
    samples = np.arange(-800, 800, dtype=np.int16)
    shown = to_page(of(gr.Audio()), (16000, samples))
    rate, back = from_page(of(gr.Audio(type="numpy")), shown)
    assert rate == 16000
    assert np.array_equal(back, samples)


def test_a_chat_with_media() -> None:
    """Sounds, pictures and files of messages are data for the page, which gives them back by their id."""
    sound = gr.Audio((8000, np.zeros(80, np.int16)))
    shown = to_page(of(gr.Chatbot()), [{"role": "user", "content": sound.value}, {"role": "assistant", "content": ["a", {"text": "b"}]}])
    assert (shown[0]["content"]["media"], shown[1]["content"]) == ("audio", ["a", "b"])
    back = [{"role": "user", "content": {"media": "audio", "id": shown[0]["content"]["id"]}}]
    assert to_page(of(gr.Chatbot()), from_page(of(gr.Chatbot()), back)) == back


def test_labels() -> None:
    """Confidences are ranked; a single class has none."""
    found = to_page(of(gr.Label(num_top_classes=2)), {"cat": 0.2, "dog": 0.7, "cow": 0.1})
    assert found == {"label": "dog", "confidences": [{"label": "dog", "confidence": 0.7}, {"label": "cat", "confidence": 0.2}]}
    assert to_page(of(gr.Label()), "dog") == {"label": "dog", "confidences": []}


def test_updates_of_gradio() -> None:
    """`gr.update` may have a value; `gr.skip` has none, and the page keeps what it has."""
    assert to_page(of(gr.Textbox()), {"__type__": "update", "value": "a", "visible": True}) == "a"
    assert to_page(of(gr.Textbox()), {"__type__": "update"}) is UNCHANGED


@pytest.mark.parametrize(
    ("source", "value", "text"),
    [
        (gr.JSON(label="Data"), {"a": object()}, "Data: a value of the type object cannot be sent as JSON"),
        (gr.Number(), "a", "a str cannot be shown"),
        (gr.Radio(choices=LETTERS), "c", "a str cannot be shown"),
        (gr.Image(), np.zeros((2, 2, 2), np.uint8), r"an array of shape \(2, 2, 2\) is no picture"),
        (gr.Image(), "/nowhere.png", "cannot be read"),
        (gr.Chatbot(), "hello", "a str cannot be shown"),
    ],
)
def test_a_value_that_cannot_be_shown_is_named_by_its_type(source: Any, value: Any, text: str) -> None:
    """The error has the label of the component and no value."""
    with pytest.raises(ComponentError, match=text):
        to_page(of(source), value)


def test_results_of_a_handler() -> None:
    """One component takes the result itself; several take a list, or a dictionary by component."""
    first, second = components_of(None, [gr.Textbox(), gr.Number()])
    assert new_values([first], ["a", "b"]) == ["['a', 'b']"]
    assert new_values([first, second], ("a", 1)) == ["a", 1]
    assert new_values([first, second], {second.source: 2}) == [UNCHANGED, 2]
    with pytest.raises(HandlerResult, match=r"returned 1 value\(s\) for 2 additional_outputs"):
        new_values([first, second], ["a"])
