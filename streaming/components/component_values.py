"""Values between a page and a handler: what a handler gets for a component, and what a page shows of what it gives."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from streaming.components import media
from streaming.components.component import Component
from streaming.components.media import MediaError
from streaming.protocols.fastrtc import NotJsonError, plain

UNCHANGED: Any = object()
"""Instead of a value that a handler leaves as it is: `gr.skip()` and `gr.update()` without a value."""


class ComponentError(ValueError):
    """A value that a component does not take; `text` names the component."""

    def __init__(self, component: Component, text: str) -> None:
        super().__init__(f"{component.label}: {text}")
        self.component = component


def from_page(component: Component, value: Any) -> Any:
    """Return the handler's value for what the page sent. Raises ComponentError."""
    convert = _FROM_PAGE.get(component.kind)
    return value if convert is None else convert(component, value)


def to_page(component: Component, value: Any) -> Any:
    """Return JSON for the page; UNCHANGED where the page keeps what it has. Raises ComponentError, which names the type."""
    if isinstance(value, Mapping) and value.get("__type__") == "update":
        return to_page(component, value["value"]) if "value" in value else UNCHANGED
    if hasattr(value, "get_block_name"):  # a component, as a function of Gradio may return one in place of a value
        value = _value_of(value)
    if value is None:
        return None
    try:
        return _SHOWN.get(component.kind, _as_json)(component, value)
    except (NotJsonError, MediaError, ValueError, TypeError) as error:
        text = str(error) if isinstance(error, (NotJsonError, MediaError)) else f"a {type(value).__qualname__} cannot be shown"
        raise ComponentError(component, text) from None


def _value_of(component: Any) -> Any:
    """Return the value of a component of Gradio: what it was made with, else what it has."""
    made: Any = getattr(component, "_constructor_args", None) or [{}]
    return made[0].get("value", getattr(component, "value", None)) if isinstance(made[0], Mapping) else getattr(component, "value", None)


# -- from the page


def _number(component: Component, value: Any) -> float | int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) == math.inf:
        raise ComponentError(component, f"a number is needed, not {type(value).__name__}")
    least, most = component.least, component.most
    if (least is not None and value < least) or (most is not None and value > most):
        limits = [f"at least {least:g}" if least is not None else "", f"at most {most:g}" if most is not None else ""]
        raise ComponentError(component, " and ".join(limit for limit in limits if limit))
    return int(value) if component.whole else value


def _choice(component: Component, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(component.options):
        raise ComponentError(component, f"the position of a choice is needed: 0 to {len(component.options) - 1}")
    return value if getattr(component.source, "type", "value") == "index" else component.options[value][0]


def _choices(component: Component, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ComponentError(component, "a list of positions of choices is needed")
    return [_choice(component, one) for one in value]


def _flag(component: Component, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ComponentError(component, "true or false is needed")
    return value


def _text(component: Component, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ComponentError(component, f"a text is needed, not {type(value).__name__}")
    return value


def _file(component: Component, value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ComponentError(component, "a file is needed")
    wanted = getattr(component.source, "type", "filepath" if component.kind == "file" else "numpy")
    try:
        if component.kind == "image" and wanted != "filepath":
            array = media.to_array(str(value.get("data")))
            return _pil(array) if wanted == "pil" else array
        if component.kind == "audio" and wanted == "numpy":
            return media.to_audio(str(value.get("data")))
        return media.to_file(str(value.get("data")), str(value.get("name", "")))
    except MediaError as error:
        raise ComponentError(component, str(error)) from None


def _pil(array: np.ndarray[Any, Any]) -> Any:
    try:
        from PIL import Image  # type: ignore[import-not-found, unused-ignore]  # the program brings it, or takes the array
    except ImportError:
        return array
    return Image.fromarray(array)


def _chat(component: Component, value: Any) -> Any:
    """Return the messages of a chat as the program's component has them: dictionaries, or with type "tuples" pairs of texts."""
    messages = [] if value is None else value
    if not isinstance(messages, list) or not all(isinstance(message, Mapping) for message in messages):
        raise ComponentError(component, "a list of messages is needed")
    if getattr(component.source, "type", "messages") != "tuples":
        return messages
    pairs: list[list[Any]] = []
    for message in messages:
        if message.get("role") == "user" or not pairs or pairs[-1][1] is not None:
            pairs.append([None, None])
        pairs[-1][message.get("role") != "user"] = message.get("content")
    return pairs


_FROM_PAGE: dict[str, Callable[[Component, Any], Any]] = {
    "range": _number,
    "number": _number,
    "choice": _choice,
    "choices": _choices,
    "flag": _flag,
    "text": _text,
    "color": _text,
    "image": _file,
    "audio": _file,
    "file": _file,
    "chat": _chat,
}


# -- to the page


def _as_json(component: Component, value: Any) -> Any:
    return plain(value)


def _as_text(component: Component, value: Any) -> str:
    if isinstance(value, (str, int, float, np.number)):
        return str(value)
    return str(plain(value))


def _as_number(component: Component, value: Any) -> float | None:
    found = plain(value)
    if found is not None and (isinstance(found, str) or not isinstance(found, (int, float))):
        raise TypeError
    return found


def _position(component: Component, value: Any) -> int | None:
    values = [one for one, _ in component.options]
    return values.index(value)


def _positions(component: Component, value: Any) -> list[int | None]:
    return [_position(component, one) for one in value]


class ChatMessage(TypedDict):
    """A message of a chat component; `content` is a text, a Media, or a list of both."""

    role: str
    content: Any


def _messages(component: Component, value: Any) -> list[ChatMessage]:
    """Return the messages of a chat. Raises TypeError."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError
    return [shown for message in value for shown in _message(message)]


def _message(message: Any) -> list[ChatMessage]:
    if isinstance(message, (tuple, list)):  # a pair: what the user said, and the answer
        roles = ("user", "assistant")
        return [{"role": role, "content": _content(part)} for role, part in zip(roles, message, strict=False) if part is not None]
    fields = message if isinstance(message, Mapping) else {name: getattr(message, name, None) for name in ("role", "content")}
    return [{"role": str(fields.get("role") or "assistant"), "content": _content(fields.get("content"))}]


def _content(content: Any) -> Any:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return [_content(part) for part in content]
    if isinstance(content, Mapping) and ("text" in content or "media" in content):
        return plain(content.get("text", content))
    kind = type(content).__name__
    if hasattr(content, "get_block_name") or kind in ("Image", "Audio"):
        content = _value_of(content)
    if isinstance(content, tuple) and len(content) == 2 and isinstance(content[1], np.ndarray):
        return media.audio(content)
    if isinstance(content, np.ndarray):
        return media.picture(content)
    if isinstance(content, tuple) and content and isinstance(content[0], str):  # (path,), as Gradio has files of a chat
        content = content[0]
    if kind == "Audio":
        return media.from_file(content, "audio")
    if isinstance(content, Mapping) and "path" not in content:
        return str(plain(content))
    return media.from_file(content, "image" if kind == "Image" else "file")


def _label(component: Component, value: Any) -> Any:
    """Return {"label", "confidences": [{"label", "confidence"}]} of a class, or of the confidences of several."""
    if isinstance(value, Mapping) and "label" not in value:
        ranked = sorted(((str(name), float(number)) for name, number in value.items()), key=lambda one: -one[1])
        most = getattr(component.source, "num_top_classes", None) or len(ranked)
        confidences = [{"label": name, "confidence": number} for name, number in ranked[:most]]
        return {"label": ranked[0][0] if ranked else "", "confidences": confidences}
    return plain(value) if isinstance(value, Mapping) else {"label": str(plain(value)), "confidences": []}


_SHOWN: dict[str, Callable[[Component, Any], Any]] = {
    "range": _as_number,
    "number": _as_number,
    "choice": _position,
    "choices": _positions,
    "text": _as_text,
    "markdown": _as_text,
    "html": _as_text,
    "code": _as_text,
    "chat": _messages,
    "label": _label,
    "image": lambda component, value: media.picture(value),
    "audio": lambda component, value: media.audio(value),
    "file": lambda component, value: media.from_file(value, "file"),
}
