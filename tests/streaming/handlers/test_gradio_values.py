"""Outputs that follow each other quickly on a page of Gradio, with stand-ins for Gradio's classes."""

import asyncio
from abc import ABCMeta
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streaming import WebRTC
from streaming.handlers import gradio_page, gradio_values
from streaming.handlers.gradio_values import MOST_ENDED, ShownSessions, ShownValues
from streaming.types.outputs import AdditionalOutputs, OutputLog
from streaming.types.remote_session import Reachable

CHAT, DOCUMENT, NAME = object(), object(), object()
SKIP = {"__type__": "update"}


class Box(metaclass=ABCMeta):  # noqa: B024  # as Gradio's
    """In place of Gradio's text box: it keeps the function of the event that tells of outputs."""

    def __init__(self, **_: Any) -> None:
        self.show: Any = None

    def focus(self, fn: Any, **_: Any) -> None:
        """Keep the listener's function."""
        self.show = fn


class Field:
    """In place of a component that a user edits: it keeps the function of that event."""

    type: Any = None

    def input(self, fn: Any, **_: Any) -> None:
        """Keep the listener's function."""
        self.type = fn


@pytest.fixture
def gradio(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the component find stand-ins for Gradio's classes."""
    names = {"Blocks": object, "Textbox": Box, "HTML": lambda *_, **__: None, "skip": lambda: SKIP}
    monkeypatch.setitem(gradio_page.sys.modules, "gradio", SimpleNamespace(**names))  # type: ignore[attr-defined]
    gradio_page._component_class.cache_clear()
    yield
    gradio_page._component_class.cache_clear()


def live(outputs: OutputLog | None = None) -> Reachable:
    """Return what a listener needs of a session."""
    return cast(Reachable, SimpleNamespace(outputs=outputs or OutputLog(), loop=asyncio.get_running_loop()))


async def event(component: Any, *values: Any) -> list[Any]:
    """Return the results of an event of the page, without the first one, which changes nothing."""
    return [result async for result in component.show("an-id", *values)][1:]


@pytest.mark.usefixtures("gradio")
async def test_an_event_with_the_values_from_before_the_last_result_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next output comes behind the last one; later, what the user changed on the page counts."""
    session = live()
    component = WebRTC(parley_stream=SimpleNamespace(sessions={"an-id": session}), modality="audio")
    component.on_additional_outputs(lambda chat, name, new: [*chat, f"{name} {new}"], inputs=[CHAT, NAME], outputs=[CHAT])
    session.outputs.append(AdditionalOutputs("called"))
    assert await event(component, [], "Jane") == [["Jane called"]]
    session.outputs.append(AdditionalOutputs("verified"))
    session.outputs.append(AdditionalOutputs("done"))
    late = [["Jane called", "Joe verified"], ["Jane called", "Joe verified", "Joe done"]]
    assert await event(component, [], "Joe") == late
    monkeypatch.setattr(gradio_values, "APPLIED_S", 0.0)
    session.outputs.append(AdditionalOutputs("again"))
    assert await event(component, ["edited"], "Joe") == [["edited", "Joe again"]]


@pytest.mark.usefixtures("gradio")
async def test_an_edit_counts_at_once() -> None:
    """Also right after a result; an output for another component does not touch what was edited."""
    session, note = live(), Field()
    component = WebRTC(parley_stream=SimpleNamespace(sessions={"an-id": session}), modality="audio")
    component.on_additional_outputs(lambda note, new: (note, f"{new} {note}"), inputs=[note], outputs=[note, CHAT])
    session.outputs.append(AdditionalOutputs(1))
    assert await event(component, "a") == [(SKIP, "1 a")]
    await note.type("an-id", "ab")
    session.outputs.append(AdditionalOutputs(2))
    assert await event(component, "a") == [(SKIP, "2 ab")]
    await note.type("another-id", "x")


@pytest.mark.usefixtures("gradio")
async def test_an_edit_during_the_call_stays() -> None:
    """The result of the call has the former value, which the page does not get."""
    session, note = live(), Field()
    component = WebRTC(parley_stream=SimpleNamespace(sessions={"an-id": session}), modality="audio")

    async def slow(note_then: str, new: str) -> tuple[str, str]:
        await note.type("an-id", "ab")
        return note_then, new

    component.on_additional_outputs(slow, inputs=[note], outputs=[note, CHAT])
    session.outputs.append(AdditionalOutputs("new"))
    session.outputs.append(AdditionalOutputs("newer"))
    assert await event(component, "a") == [(SKIP, "new"), (SKIP, "newer")]
    component.on_additional_outputs(lambda note, new: (f"{note}{new}", new), inputs=[note], outputs=[note, CHAT])
    session.outputs.append(AdditionalOutputs("!"))
    assert (await event(component, "ab"))[-1] == ("abnewnewer!", "!")


@pytest.mark.parametrize(
    ("values", "result", "sent"),
    [
        (["old", "text"], ("old", "new"), (SKIP, "new")),
        (["old", "text"], {CHAT: "old", DOCUMENT: "new"}, {CHAT: SKIP, DOCUMENT: "new"}),
        ([["a"], None], (["a"], None), (SKIP, SKIP)),
        ([1, True], (1.0, 1), (1.0, 1)),
        ([[{"role": "user"}], "text"], ([{"role": "user"}], "new"), ([{"role": "user"}], "new")),
    ],
)
async def test_values_that_a_call_leaves_are_not_sent(values: list[Any], result: Any, sent: Any) -> None:
    """Texts, numbers and lists of them are compared; others are sent."""
    shown = ShownValues(live(), [CHAT, DOCUMENT], [CHAT, DOCUMENT])
    shown.begin(values, 100.0)
    shown.arguments()
    assert shown.changed(result, SKIP) == sent


async def test_a_list_that_the_call_changes_is_sent() -> None:
    """Although it is the same object."""
    choices = ["a"]
    shown = ShownValues(live(), [CHAT], [CHAT])
    shown.begin([choices], 100.0)
    shown.arguments()
    choices.append("b")
    assert shown.changed(choices, SKIP) == ["a", "b"]
    assert shown.changed(["a"], SKIP) is SKIP


@pytest.mark.usefixtures("gradio")
async def test_two_listeners_both_show_every_output() -> None:
    """Each has its own place in the session's outputs."""
    session = live()
    component = WebRTC(parley_stream=SimpleNamespace(sessions={"an-id": session}), modality="audio")
    shows = []
    for _ in range(2):
        component.on_additional_outputs(lambda old, new: new, inputs=[CHAT], outputs=[CHAT])
        shows.append(component.show)
    session.outputs.append(AdditionalOutputs("once"))
    assert [[one async for one in show("an-id", "")][1:] for show in shows] == [["once"], ["once"]]


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        (("new", "text"), ["new", "text", "Jane"]),
        ({CHAT: "new"}, ["new", "old", "Jane"]),
        ((SKIP, SKIP | {"value": "text"}), ["old", "text", "Jane"]),
        (({"a": 1}, None), [{"a": 1}, None, "Jane"]),
        ((SimpleNamespace(constructor_args={"label": "Chat"}), SimpleNamespace(constructor_args={"value": "x"})), ["old", "x", "Jane"]),
    ],
)
async def test_each_form_of_a_result_is_kept(result: Any, kept: list[Any]) -> None:
    """A tuple, a dictionary by component, an update, and a component; those that an update leaves keep the values of the page."""
    shown = ShownValues(live(), [CHAT, DOCUMENT, NAME], [CHAT, DOCUMENT])
    shown.begin(["old", "old", "Jane"], 100.0)
    shown.keep(result, 100.0)
    assert shown.values == kept
    shown.begin(["old", "old", "Jane"], 100.0 + gradio_values.APPLIED_S / 2)
    assert shown.values == kept
    shown.begin(["old", "old", "Jane"], 100.0 + gradio_values.APPLIED_S)
    assert shown.values == ["old", "old", "Jane"]


async def test_sessions_that_ended_are_forgotten() -> None:
    """At once if everything was shown; of the others, a page may still read the newest."""
    sessions = ShownSessions([CHAT], [CHAT])
    for number in range(3 * MOST_ENDED):
        log = OutputLog()
        found = sessions.find(f"id-{number}", live(log))
        assert found is not None
        log.append(AdditionalOutputs("one"))
        found.number = number % 2
        log.close()
    open_one = live()
    assert sessions.find("open", open_one) is sessions.find("open", None)
    sessions.forget_ended()
    assert len(sessions) == MOST_ENDED + 1
    assert sessions.find(f"id-{3 * MOST_ENDED - 2}", None) is not None
    assert sessions.find(f"id-{3 * MOST_ENDED - 1}", None) is None
