"""What a page knows of a component: its kind, label, value and limits, read from the attributes that Gradio's components have."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streaming.protocols.fastrtc import NotJsonError, plain

logger = logging.getLogger(__name__)

KINDS = {
    "Slider": "range",
    "Number": "number",
    "Textbox": "text",
    "TextArea": "text",
    "Dropdown": "choice",
    "Radio": "choice",
    "Checkbox": "flag",
    "CheckboxGroup": "choices",
    "ColorPicker": "color",
    "State": "state",
    "Chatbot": "chat",
    "JSON": "json",
    "Dataframe": "json",
    "Label": "label",
    "Markdown": "markdown",
    "HTML": "html",
    "Code": "code",
    "Image": "image",
    "Audio": "audio",
    "File": "file",
}
"""The kind of each class by its name; a subclass has the kind of its nearest base."""
FIELDS = frozenset({"range", "number", "text", "choice", "flag", "choices", "color", "image", "audio", "file"})
"""Kinds that a page shows as a field of its form, where they are inputs."""
OTHER = "other"
"""Kind of a class that is not listed: a text field as an input, JSON as an output."""


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One input or output of a page.

    Attributes:
        source: the object that the program made.
        key: its name on the page: "c0", "c1" ...
        kind: one of the values of KINDS, or OTHER.
        value: the initial value, in JSON types; for choices the position, or positions, in `options`.
        options: (value, label) of each choice.
        least, most, step: of numbers; None: no limit.
        whole: whether numbers have no fraction.
        lines: of a text field.
        secret: whether a text field hides what is typed.
        is_input, is_output: where the program uses it; both is possible.
        visible: whether the page shows it.
    """

    source: Any
    key: str
    kind: str
    label: str
    help: str
    value: Any
    options: tuple[tuple[Any, str], ...]
    least: float | None
    most: float | None
    step: float | None
    whole: bool
    lines: int
    secret: bool
    placeholder: str
    is_input: bool
    is_output: bool
    visible: bool

    @property
    def is_field(self) -> bool:
        """Whether the page's form has it."""
        return self.is_input and (self.kind in FIELDS or self.kind == OTHER)


def components_of(inputs: Sequence[Any] | None, outputs: Sequence[Any] | None) -> list[Component]:
    """Return the components of a page, each once: the inputs in their order, then the outputs that are no inputs."""
    given, shown = list(inputs or ()), list(outputs or ())
    every = given + [one for one in shown if not _has(given, one)]
    return [_component(one, f"c{number}", is_input=_has(given, one), is_output=_has(shown, one)) for number, one in enumerate(every)]


def _has(components: list[Any], one: Any) -> bool:
    return any(other is one for other in components)


def _component(source: Any, key: str, *, is_input: bool, is_output: bool) -> Component:
    kind = _kind(source)
    if kind == "choice" and getattr(source, "multiselect", False):
        kind = "choices"
    options = tuple(_option(choice) for choice in getattr(source, "choices", None) or ())
    if kind == "choice" and (getattr(source, "allow_custom_value", False) or not options):
        kind = "text"
    name = type(source).__name__
    return Component(
        source=source,
        key=key,
        kind=kind,
        label=str(getattr(source, "label", None) or name),
        help=str(getattr(source, "info", None) or ""),
        value=_initial(kind, getattr(source, "value", None), options),
        options=options,
        least=_number(getattr(source, "minimum", None)),
        most=_number(getattr(source, "maximum", None)),
        step=_number(getattr(source, "step", None)),
        whole=getattr(source, "precision", None) == 0,
        lines=max(int(getattr(source, "lines", 1) or 1), 7 if name == "TextArea" else 1),
        secret=kind == "text" and getattr(source, "type", "") == "password",
        placeholder=str(getattr(source, "placeholder", None) or ""),
        is_input=is_input,
        is_output=is_output,
        visible=kind != "state" and getattr(source, "visible", True) is True,
    )


def _kind(source: Any) -> str:
    for base in type(source).__mro__:
        if base.__name__ in KINDS:
            return KINDS[base.__name__]
    logger.warning("a page cannot show a component %s as Gradio does: it has a plain field instead", type(source).__name__)
    return OTHER


def _option(choice: Any) -> tuple[Any, str]:
    """Return value and label of a choice; Gradio keeps (label, value)."""
    if isinstance(choice, (tuple, list)) and len(choice) == 2:
        return choice[1], str(choice[0])
    return choice, str(choice)


def _initial(kind: str, value: Any, options: tuple[tuple[Any, str], ...]) -> Any:
    values = [one for one, _ in options]
    if kind == "choice":
        return values.index(value) if value in values else 0
    if kind == "choices":
        return [values.index(one) for one in value or () if one in values]
    if kind == "flag":
        return bool(value)
    if kind in ("image", "audio", "file") or callable(value):
        return None
    try:
        return plain(value)
    except (NotJsonError, ValueError):
        return None


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
