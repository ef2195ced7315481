"""A stream's page inside of Gradio: the component `WebRTC`, and the Blocks of `stream.ui`. Gradio is used where the program imported it.

The component has a frame with the stream's try-out page and a hidden text box. The frame writes the webrtc_id into the box, which is the
component's value. It lets the box lose the focus when the handler asks for inputs, and gain it when there are outputs: events that Gradio
reports to the listeners here.
"""

import html
import inspect
import sys
import time
from abc import ABCMeta
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

from streaming.aio.executors import COMPONENT_THREADS
from streaming.handlers.gradio_values import ShownSessions, ShownValues
from streaming.handlers.local_outputs import outputs_after

if TYPE_CHECKING:
    from streaming.handlers.stream import Stream

MOST_OUTPUTS = 64
"""Outputs that one event of Gradio takes; each is one update of the components."""
BY_USER = ("input", "clear", "upload", "edit")
"""Events of Gradio's components that only the user causes, and that change the value."""
NOT_SERVED = "<p>This component works in a program that <code>parley run</code> runs.</p>"
HEIGHT_PX = {"audio": 370, "video": 620, "audio-video": 620}
TEXT_PX = 190
_numbers = count(1)


def gradio() -> Any:
    """Return Gradio, if the program has imported it, else None."""
    module = sys.modules.get("gradio")
    return module if hasattr(module, "Blocks") else None


class WebRTC:
    """FastRTC's component for `gr.Blocks`: makes a component of Gradio with the stream's page and FastRTC's methods.

    Raises RuntimeError where the program has not imported Gradio.
    """

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """Return the component."""
        if (module := gradio()) is None:
            raise RuntimeError("WebRTC() is a component of Gradio: install gradio, import it, and use it inside of gr.Blocks()")
        return _component_class(module.Textbox)(*args, **options)


@lru_cache(maxsize=1)
def _component_class(textbox: type) -> Any:
    """Return a subclass of Gradio's text box; made without Gradio's metaclass, which would write a file beside this one."""

    def made(self: Any, *args: Any, **options: Any) -> None:
        _Component.__init__(self, *args, **options)

    made.__signature__ = inspect.signature(textbox.__init__)  # type: ignore[attr-defined, misc]  # Gradio's script gets these attributes
    space = {"__module__": textbox.__module__, "__doc__": WebRTC.__doc__, "__init__": made}
    return ABCMeta.__new__(type(textbox), "WebRTC", (_Component, textbox), space)


class _Component:
    """The methods of the component. Its base class in Gradio is added by `_component_class`."""

    change: Any
    blur: Any
    focus: Any

    def __init__(
        self,
        value: None = None,
        *,
        label: str | None = None,
        mode: Any = "send-receive",
        modality: Any = "video",
        variant: str = "wave",
        height: int | str | None = None,
        render: bool = True,
        parley_stream: "Stream | None" = None,
        **options: Any,
    ) -> None:
        self.mode, self.modality, self.variant = mode, modality, variant
        self._stream = parley_stream
        self._label = label
        default = HEIGHT_PX.get(modality, 620) + (TEXT_PX if variant == "textbox" else 0)
        self._height = f"{height}px" if isinstance(height, int) else height or f"{default}px"
        names = ("time_limit", "allow_extra_tracks", "rtp_params", "rtc_configuration", "server_rtc_configuration", "track_constraints")
        self._stream_options = {name: options[name] for name in names if options.get(name) is not None}
        self._box = f"parley-webrtc-{next(_numbers)}"
        module = gradio()
        self._frame = module.HTML(self._frame_html, render=False, elem_id=options.get("elem_id"), elem_classes=options.get("elem_classes"))
        super().__init__(value="", label=label, elem_id=self._box, render=render)  # type: ignore[call-arg]  # the text box

    def get_block_name(self) -> str:
        """Return the name of the component's script in Gradio."""
        return "textbox"

    def render(self) -> Any:
        """Add the frame and the hidden box to the Blocks that are open."""
        self._frame.render()
        return super().render()  # type: ignore[misc]  # the text box

    @property
    def handlers(self) -> Any:
        """The handlers of the open sessions, by webrtc_id."""
        return {} if self._stream is None else self._stream.handlers

    @property
    def connections(self) -> Any:
        """The open sessions, by webrtc_id."""
        return {} if self._stream is None else self._stream.connections

    def set_input(self, webrtc_id: str, *args: Any) -> None:
        """Set the inputs of a session's handler."""
        self._made().set_input(webrtc_id, *args)

    def output_stream(self, webrtc_id: str) -> AsyncIterator[Any]:
        """Yield the outputs of a session."""
        return self._made().output_stream(webrtc_id)

    def stream(
        self,
        fn: Any = None,
        inputs: Any = None,
        outputs: Any = None,
        js: str | None = None,
        concurrency_limit: Any = "default",
        concurrency_id: str | None = None,
        time_limit: float | None = None,
        trigger: Callable[..., Any] | None = None,
        send_input_on: str = "change",
    ) -> Any:
        """Let a handler serve the component: `fn` with the component's values, then those of the other inputs.

        In mode "receive" `trigger`, such as `button.click`, starts the stream. Raises ValueError if the first input is not this component
        where the client sends.
        """
        others = _listed(inputs)
        if self.mode != "receive":
            if not others or others[0] is not self:
                raise ValueError("stream(): the first input must be the WebRTC component")
            others = others[1:]
        if self._stream is None:
            self._stream = self._new_stream(fn, concurrency_limit, time_limit, send_input_on)
        every = [self, *others]
        listen = {"fn": self._set_input, "inputs": every, "outputs": None, "show_progress": "hidden", "queue": False}
        for component in others:
            event = getattr(component, "change" if send_input_on == "change" else "submit", None)
            if event is not None:
                event(**listen)
        if trigger is not None:
            trigger(fn=None, js=f"() => document.getElementById('{self._box}-frame').contentDocument.getElementById('start').click()")
        self.blur(**listen)
        return self.change(**listen)

    def on_additional_outputs(
        self,
        fn: Callable[..., Any],
        inputs: Any = None,
        outputs: Any = None,
        js: str | None = None,
        concurrency_limit: Any = "default",
        concurrency_id: str | None = None,
        show_progress: Any = "hidden",
        queue: bool = True,
    ) -> Any:
        """Show the outputs of the handler: `fn` gets the current values of `inputs`, then those of an AdditionalOutputs."""
        given, shown = _listed(inputs), _listed(outputs)
        sessions = ShownSessions(given, shown)
        limit = None if concurrency_limit in ("default", None) else concurrency_limit

        async def show(webrtc_id: str, *values: Any) -> AsyncIterator[Any]:
            skip = gradio().skip()
            yield skip if len(shown) == 1 else tuple(skip for _ in shown)  # without an item Gradio would empty the components
            session = sessions.find(webrtc_id, self._made().sessions.get(webrtc_id))
            if session is None:
                return
            session.begin(values, time.monotonic())
            async for args in _new_outputs(session):
                result = session.changed(await _call(fn, (*session.arguments(), *args)), skip)
                session.keep(result, time.monotonic())
                yield result
            sessions.forget_ended()

        def listen_for_edits(place: int, component: Any) -> None:
            async def edited(webrtc_id: str, value: Any) -> None:
                if (session := sessions.find(webrtc_id, self._made().sessions.get(webrtc_id))) is not None:
                    session.edited(place, value, time.monotonic())

            for event in (getattr(component, name, None) for name in BY_USER):
                if callable(event):
                    event(edited, inputs=[self, component], outputs=None, show_progress="hidden", queue=False, trigger_mode="always_last")

        for place, component in enumerate(given):
            if any(component is one for one in shown):
                listen_for_edits(place, component)
        options = {"show_progress": "hidden", "trigger_mode": "always_last", "concurrency_limit": limit, "concurrency_id": concurrency_id}
        return self.focus(fn=show, inputs=[self, *given], outputs=shown, **options)

    def _made(self) -> "Stream":
        if self._stream is None:
            raise RuntimeError("this WebRTC component has no handler yet: call its method stream() first")
        return self._stream

    def _new_stream(self, handler: Any, concurrency_limit: Any, time_limit: float | None, send_input_on: str) -> "Stream":
        from streaming.handlers.stream import Stream

        ui: Any = {"title": self._label or "", "hide_title": True, "send_input_on": send_input_on, "variant": self.variant}
        options = self._stream_options | ({} if time_limit is None else {"time_limit": time_limit})
        return Stream(handler, mode=self.mode, modality=self.modality, concurrency_limit=concurrency_limit, ui_args=ui, **options)

    def _frame_html(self) -> str:
        """Return the frame; its stream has a name once the program is served, so Gradio calls this for each page."""
        name = "" if self._stream is None else self._stream.name
        if not name:
            return NOT_SERVED
        source, title = f"/streams/{name}/?embed={self._box}", html.escape(self._label or "Stream", quote=True)
        return (
            f"<style>#{self._box} {{ display: none !important; }}</style>"
            f'<iframe id="{self._box}-frame" src="{source}" title="{title}" allow="microphone; camera; autoplay; display-capture" '
            f'style="width: 100%; height: {self._height}; border: 0"></iframe>'
        )

    def _set_input(self, webrtc_id: str, *values: Any) -> None:
        if webrtc_id in self._made().sessions:
            self._made().set_input(webrtc_id, *values)


async def _new_outputs(shown: ShownValues) -> AsyncIterator[tuple[Any, ...]]:
    """Yield the values of the outputs of a session that were not shown yet."""
    for number, outputs in await outputs_after(shown.session, shown.number, 0.5, MOST_OUTPUTS):
        shown.number = number
        yield outputs.args


async def _call(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    return await COMPONENT_THREADS.run(function, *args)


def _listed(components: Any) -> list[Any]:
    if components is None:
        return []
    return list(components) if isinstance(components, (Sequence, set)) else [components]


def blocks_of(stream: "Stream") -> tuple[Any, Any] | None:
    """Return Blocks with the stream's page and components, and the WebRTC component in them.

    None where Gradio is not imported, or a component of the stream is none of Gradio's.
    """
    module = gradio()
    inputs, outputs = list(stream.additional_input_components or ()), list(stream.additional_output_components or ())
    if module is None or not all(isinstance(one, module.components.Component) for one in inputs + outputs):
        return None
    title = stream.ui_args.get("title", "")
    with _outside_of_blocks(module), module.Blocks(title=title or "Stream") as page:
        if not stream.ui_args.get("hide_title") and title:
            module.HTML(title if "<" in title else f"<h1>{html.escape(title)}</h1>")
        if not stream.ui_args.get("hide_title") and (subtitle := stream.ui_args.get("subtitle")):
            module.HTML(subtitle)
        with module.Row():
            with module.Column(scale=2):
                component = WebRTC(parley_stream=stream, mode=stream.mode, modality=stream.modality, label=title or None)
                _render([one for one in inputs if not any(one is other for other in outputs)])
            if outputs:
                with module.Column():
                    _render(outputs)
        on = stream.ui_args.get("send_input_on", "change")
        component.stream(inputs=[component, *inputs] if stream.mode != "receive" else inputs, send_input_on=on)
        if outputs:
            component.on_additional_outputs(stream.additional_outputs_handler, inputs=outputs, outputs=outputs)
    return page, component


def _render(components: Sequence[Any]) -> None:
    for component in components:
        if not getattr(component, "is_rendered", False):
            component.render()


@contextmanager
def _outside_of_blocks(module: Any) -> Iterator[None]:
    """Leave the Blocks that are open, as FastRTC makes its page when it makes the stream."""
    context = import_module("gradio.context")
    block, root = context.get_render_context(), context.Context.root_block
    context.set_render_context(None)
    context.Context.root_block = None
    try:
        yield
    finally:
        context.set_render_context(block)
        context.Context.root_block = root
