"""Objects with the class names and attributes of Gradio's components, as far as pages read them."""

from typing import Any


class Component:
    """Base of all."""

    def __init__(self, value: Any = None, *, label: str | None = None, **attributes: Any) -> None:
        self.value = value
        self.label = label
        vars(self).update(attributes)


class Slider(Component):
    """A number between two limits."""


class Number(Component):
    """A number."""


class Textbox(Component):
    """A text."""


class Dropdown(Component):
    """One choice of several, or several."""


class Radio(Component):
    """One choice of several."""


class Checkbox(Component):
    """Yes or no."""


class CheckboxGroup(Component):
    """Several choices."""


class State(Component):
    """A value that the page does not show."""


class Chatbot(Component):
    """A conversation."""


class JSON(Component):
    """Any JSON."""


class Label(Component):
    """A class, or the confidences of several."""


class Markdown(Component):
    """Markdown."""


class HTML(Component):
    """HTML."""


class Image(Component):
    """A picture."""


class Audio(Component):
    """A sound."""


class File(Component):
    """A file."""


class Gallery(Component):
    """A class that pages do not know."""


class Ratio(Slider):
    """A subclass of a program."""
