"""What a page reads from components: kinds, labels, limits and initial values."""

import logging

import pytest

from streaming.components import components_of
from tests.streaming.components import gradio_like as gr


def test_each_class_has_its_kind() -> None:
    """A subclass has that of its base; an unknown class has a plain field, with a warning."""
    sources = [
        gr.Slider(0.3, minimum=0, maximum=1, step=0.01),
        gr.Ratio(0.5),
        gr.Number(precision=0),
        gr.Textbox("a", lines=3),
        gr.Textbox(type="password"),
        gr.Dropdown("b", choices=[("A", "a"), ("B", "b")]),
        gr.Dropdown(["b"], choices=["a", "b"], multiselect=True),
        gr.Dropdown("x", choices=["a"], allow_custom_value=True),
        gr.Radio(choices=["a"]),
        gr.Checkbox(True),
        gr.CheckboxGroup(["c"], choices=["a", "b", "c"]),
        gr.State([]),
        gr.Chatbot(value=[]),
        gr.JSON(),
        gr.Label(),
        gr.Markdown("# A"),
        gr.HTML("<b>a</b>"),
        gr.Image(type="numpy"),
        gr.Audio(),
        gr.File(),
    ]
    found = components_of(sources, None)
    assert [one.kind for one in found] == [
        *("range", "range", "number", "text", "text", "choice", "choices", "text", "choice", "flag", "choices", "state"),
        *("chat", "json", "label", "markdown", "html", "image", "audio", "file"),
    ]
    assert (found[0].least, found[0].most, found[0].step, found[0].value, found[0].label) == (0, 1, 0.01, 0.3, "Slider")
    assert (found[2].whole, found[3].lines, found[4].secret) == (True, 3, True)
    assert (found[5].options, found[5].value) == ((("a", "A"), ("b", "B")), 1)
    assert (found[6].value, found[7].value, found[8].value, found[10].value) == ([1], "x", 0, [2])
    assert [one.key for one in found if not one.visible] == ["c11"]


def test_an_unknown_class_has_a_plain_field(caplog: pytest.LogCaptureFixture) -> None:
    """A warning names it."""
    with caplog.at_level(logging.WARNING):
        [found] = components_of([gr.Gallery()], None)
    assert (found.kind, found.is_field) == ("other", True)
    assert "Gallery" in caplog.text


def test_a_component_that_is_input_and_output_is_there_once() -> None:
    """Inputs come first, in their order; the outputs that are no inputs follow."""
    chat, name, count = gr.Chatbot(), gr.Textbox(label="Name"), gr.Number()
    found = components_of([name, chat], [chat, count])
    assert [(one.source, one.is_input, one.is_output, one.is_field) for one in found] == [
        (name, True, False, True),
        (chat, True, True, False),
        (count, False, True, False),
    ]


def test_an_initial_value_that_is_no_json_is_left_out() -> None:
    """The page begins empty."""
    first, second = components_of([gr.State(object()), gr.Textbox(lambda: "later")], None)
    assert (first.value, second.value) == (None, None)
