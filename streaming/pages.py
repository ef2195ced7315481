"""Pages that list the streams and let a signed-in user try one. The media and messages are handled by the page's script."""

import inspect
import json
import sys
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import strip_tags
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.views.decorators.cache import never_cache
from pydantic import BaseModel

from insights.portal.security import policy
from insights.portal.template_context import TemplateContext
from insights.snapshots import JsonObject, Payload
from streaming.components import Component
from streaming.discovery import is_public, streams
from streaming.handlers.stream import Stream

GIVES = {"audio": gettext_lazy("audio"), "video": gettext_lazy("video"), "audio-video": gettext_lazy("audio and video")}
TAKES = {"audio": gettext_lazy("microphone"), "video": gettext_lazy("camera"), "audio-video": gettext_lazy("camera and microphone")}
BUILT_IN = (
    gettext_noop("Hold a conversation: it is transcribed while you speak, and its questions, action items and topics are found."),
    gettext_noop("Insights below it are left out."),
    gettext_noop("Least confidence"),
    gettext_noop("The kinds that you want."),
    gettext_noop("Follow up"),
    gettext_noop("Shown to others. Without a name, your messages have no speaker."),
    gettext_noop("Repeats what you said when you pause. Speak while it plays, and it stops."),
    gettext_noop("Marks and counts what moves in front of your camera."),
    gettext_noop("Threshold"),
    gettext_noop("How much must change: 0 marks everything, 1 the greatest changes."),
    gettext_noop("Plays a tone until you stop; change its pitch and volume while it plays."),
    gettext_noop("Frequency"),
    gettext_noop("Pitch in hertz."),
    gettext_noop("Volume"),
    gettext_noop("Loudness, 1 is as loud as can be."),
    gettext_noop('Say "note" and what to remember: it becomes an action item of your open conversation, or of a new one.'),
)
"""What the built-in streams say of themselves and their inputs, for the catalogue."""


@dataclass(frozen=True, slots=True)
class InputField:
    """One declared input of a stream, as a form field.

    Attributes:
        kind: range, number, flag, choice, choices, text, or words (several, separated by commas).
        options: of a choice: (value, label) pairs.
    """

    name: str
    label: str
    kind: str
    help: str = ""
    least: float | None = None
    most: float | None = None
    step: str = "any"
    value: Any = ""
    options: tuple[tuple[str, str], ...] = ()


@login_required
@never_cache
def list_page(request: HttpRequest) -> HttpResponse:
    """Show all streams."""
    return render(request, "streams/list.html", {"cards": [_card(name, stream) for name, stream in sorted(streams().items())]})


@never_cache
def stream_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the try-out page of one stream, without sign-in if the stream is public. Signed-in users get 404 for an unknown name."""
    stream = streams().get(name)
    if not request.user.is_authenticated and (stream is None or not is_public(stream)):
        return redirect_to_login(request.get_full_path())
    if stream is None:
        raise Http404
    embed = request.GET.get("embed", "")
    components = [] if stream.inputs is not None or embed else stream.components
    page = {
        "fields": input_fields(stream.inputs),
        "components": [one for one in components if one.is_field and one.visible],
        "shown": [one for one in components if not one.is_field and one.visible],
        "component_data": [_component_data(one, stream) for one in components],
        "inputs_at_once": takes_inputs_at_once(stream),
        "takes_text": stream.ui_args.get("variant") == "textbox",
        "wishes": json.dumps(_start_options(stream)),
        "hide_title": stream.ui_args.get("hide_title", False),
        "needs_token": not is_public(stream),
        "embed": embed,
    }
    response = render(request, "streams/stream.html", {**_card(name, stream), **page})
    if embed:  # a page of this site, such as one of Gradio, has it in a frame
        response.headers["Content-Security-Policy"] = policy(request, framed=True)
        response.xframe_options_exempt = True
    return response


def _start_options(stream: Stream) -> JsonObject:
    """Return the stream's options for the browser: track constraints, RTP parameters, and when to send inputs."""
    on_change = stream.ui_args.get("send_input_on", "change") == "change"
    return {"trackConstraints": stream.track_constraints, "rtpParams": stream.rtp_params, "sendInputOnChange": on_change}


def _component_data(component: Component, stream: Stream) -> JsonObject:
    """Return what the script of the page knows of a component; `isOutput` is its place among the outputs, or null."""
    return {
        "key": component.key,
        "kind": component.kind,
        "value": component.value,
        "isInput": component.is_input,
        "isOutput": stream.output_components.index(component) if component.is_output else None,
        "isField": component.is_field and component.visible,
    }


def _card(name: str, stream: Stream) -> TemplateContext:
    return {
        "name": name,
        "title": _translated(strip_tags(stream.ui_args.get("title", ""))) or name,
        "about": _translated(strip_tags(stream.ui_args.get("subtitle", "")) or about(stream)),
        "takes": TAKES[stream.modality] if stream.mode != "receive" else "",
        "gives": GIVES[stream.modality] if stream.mode != "send" else "",
        "mode": stream.mode,
        "modality": stream.modality,
        "has_audio": stream.has_audio,
        "has_video": stream.has_video,
        "limit": stream.limit,
        "time_limit": stream.time_limit,
        "is_default": name == settings.DEFAULT_STREAM,
    }


def about(stream: Stream) -> str:
    """Return the first paragraph of the docstring of the stream's module, if that has only this stream, else of its code."""
    handler: Any = stream.handler
    for candidate in (getattr(handler, "fn", None), getattr(handler, "callable", None), handler):
        own = candidate if hasattr(candidate, "__name__") else type(candidate)
        if candidate is None or str(own.__module__).startswith(("streaming.handlers.", "streaming.sessions.")):
            continue
        module = sys.modules.get(own.__module__)
        alone = module is not None and sum(isinstance(value, Stream) for value in vars(module).values()) == 1
        text = (inspect.getdoc(module) if alone else None) or inspect.getdoc(own)
        if text:
            return " ".join(text.split("\n\n")[0].split())
    return ""


def takes_inputs_at_once(stream: Stream) -> bool:
    """Return whether the handler's own `set_args` takes inputs when they arrive; else they are used in the next call."""
    taking: Any = getattr(type(stream.handler), "set_args", None)
    return taking is not None and not str(taking.__module__).startswith("streaming.handlers.")


def input_fields(model: type[BaseModel] | None) -> list[InputField]:
    """Return the form fields for a model of inputs, in their order."""
    if model is None:
        return []
    schema = model.model_json_schema()
    parts = schema.get("$defs", {})
    properties = {name: _plain(part, parts) for name, part in schema.get("properties", {}).items() if name != "webrtc_id"}
    return [field for name, part in properties.items() if (field := _field(name, part, parts)) is not None]


def _plain(part: Payload, parts: Payload) -> Payload:
    """Return a JSON schema property with its references resolved, and without the null type of optional properties."""
    found = dict(part)
    if "$ref" in found:
        found = {**parts.get(str(found.pop("$ref")).rsplit("/", 1)[-1], {}), **found}
    for together in ("allOf", "anyOf"):
        real = [choice for choice in found.pop(together, []) if choice.get("type") != "null"]
        if real:
            found = {**_plain(real[0], parts), **found}
    return found


def _field(name: str, part: Payload, parts: Payload) -> InputField | None:
    """Return the form field of one property; None for a type that the form does not support, which only programs can send."""
    title = str(part.get("title", ""))
    generated = title == name.replace("_", " ").title()  # by pydantic, if the author gave no title
    label = title if title and not generated else name.replace("_", " ").capitalize()
    field = InputField(name, _translated(label), "text", help=_translated(part.get("description", "")), value=part.get("default", ""))
    kind = part.get("type")
    if "enum" in part:
        return replace(field, kind="choice", options=_options(part["enum"]))
    if kind == "array":
        items = _plain(part.get("items", {}), parts)
        if "enum" in items:
            return replace(field, kind="choices", options=_options(items["enum"]))
        if items.get("type") != "string":
            return None
        return replace(field, kind="words", value=", ".join(map(str, field.value or ())))
    if kind == "object":
        return None
    if kind == "boolean":
        return replace(field, kind="flag")
    if kind in ("number", "integer"):
        least, most = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum", part.get("exclusiveMaximum"))
        whole = kind == "integer"
        bounded = least is not None and most is not None
        step = "1" if whole else str((most - least) / 100) if bounded else "any"
        return replace(field, kind="range" if bounded else "number", least=least, most=most, step=step)
    return field


def _options(values: list[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(value), _translated(str(value).replace("_", " ").capitalize())) for value in values)


def _translated(text: str) -> str:
    """Return a text of a stream in the language of the page, where a catalogue has it."""
    return gettext(text) if text else ""
