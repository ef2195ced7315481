"""The pages of the streams, without a browser: the fields of a form, and the text of a stream."""

import re
from enum import Enum
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pydantic import BaseModel, Field

from streaming.discovery import streams
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stream import Stream
from streaming.pages import InputField, about, input_fields
from tests.streaming.components import gradio_like as gr


class Colour(Enum):
    """The values of a choice."""

    RED = "red"
    DARK_BLUE = "dark_blue"


class Everything(BaseModel):
    """One input of each kind."""

    webrtc_id: str
    threshold: float = Field(default=0.3, ge=0, le=1, description="How much.")
    count: int = Field(default=4, ge=1)
    loud: bool = False
    colour: Colour = Colour.RED
    kinds: list[Literal["question", "follow_up"]] = Field(default=["question"])
    words: list[str] = Field(default=["a", "b"])
    name: str | None = Field(default=None, title="Your name")
    anything: dict[str, str] = Field(default={})


def fields() -> dict[str, InputField]:
    """Return the fields of a form with one input of each kind."""
    return {field.name: field for field in input_fields(Everything)}


def test_each_declared_input_becomes_a_field() -> None:
    """The type and the bounds select the field; the id is set by the page, and a type without a field is left out."""
    assert {name: field.kind for name, field in fields().items()} == {
        "threshold": "range",
        "count": "number",
        "loud": "flag",
        "colour": "choice",
        "kinds": "choices",
        "words": "words",
        "name": "text",
    }


def test_fields_have_bounds_defaults_and_wording() -> None:
    """They come from the model."""
    threshold, colour = fields()["threshold"], fields()["colour"]
    assert (threshold.least, threshold.most, threshold.value, threshold.help) == (0, 1, 0.3, "How much.")
    assert float(threshold.step) == pytest.approx(0.01)
    assert (colour.options, colour.value) == ((("red", "Red"), ("dark_blue", "Dark blue")), "red")
    assert (fields()["name"].label, fields()["count"].label, fields()["words"].value) == ("Your name", "Count", "a, b")


def test_a_stream_without_inputs_has_no_form() -> None:
    """Its page has no fields."""
    assert input_fields(None) == []


def test_the_text_of_a_stream_is_its_docstring() -> None:
    """The docstring is that of the module for its only stream, otherwise that of the function; the library's own are not shown."""

    def brighter(frame: object) -> object:
        """Make it
        brighter.

        And more that is not shown.
        """
        return frame

    assert about(Stream(brighter, modality="video", mode="send-receive")) == "Make it brighter."
    for name, stream in streams().items():
        assert about(stream), name
        assert "FastRTC" not in about(stream)


@pytest.mark.parametrize("name", sorted(streams()))
def test_every_built_in_stream_has_a_page(name: str, user: User) -> None:
    """The page is for signed-in users; others are redirected to sign in."""
    client = Client()
    assert client.get(f"/streams/{name}/").status_code == 302
    client.force_login(user)
    page = client.get(f"/streams/{name}/").content.decode()
    assert f"/streams/{name}/webrtc/offer" in page
    assert f"/streams/{name}/" in client.get("/streams/").content.decode()


def test_the_page_of_a_public_stream_is_public(db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The stream's option or the setting makes it public; a missing page redirects anonymous users to sign in, like a private one."""
    monkeypatch.setattr(streams()["echo"], "public", True)
    settings.STREAMS_PUBLIC = ["tone"]
    for name in ("echo", "tone"):
        answer = Client().get(f"/streams/{name}/")
        page = answer.content.decode()
        assert f"/streams/{name}/webrtc/offer" in page
        assert "Sign out" not in page
        assert "Authorization: Bearer" not in page, "no program needs a token"
        assert f'href="/signin/?next=/streams/{name}/"' in page
    for name in ("motion", "nothing"):
        assert Client().get(f"/streams/{name}/").status_code == 302
    assert Client().get("/streams/").status_code == 302


def test_the_title_of_a_page(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Title and subtitle come from `ui_args`, without tags, here and in the list; a page may have no title."""
    client = Client()
    client.force_login(user)
    monkeypatch.setattr(streams()["echo"], "ui_args", {"title": "<b>Parrot</b>", "subtitle": "<p>It <i>repeats</i>.</p>"})
    assert "Parrot</a>" in client.get("/streams/").content.decode()
    page = client.get("/streams/echo/").content.decode()
    assert "<h1>Parrot</h1>" in page
    assert "It repeats." in page
    monkeypatch.setattr(streams()["echo"], "ui_args", {"hide_title": True})
    assert "<div hidden>" in client.get("/streams/echo/").content.decode()


class AtOnce(ReplyOnPause):
    """A handler that takes its inputs itself, as that of `examples/push_to_talk.py` does."""

    def set_args(self, args: list[Any]) -> None:
        """Take the inputs."""
        super().set_args(args)


@pytest.mark.parametrize(("handler", "when"), [(ReplyOnPause, "from the next call"), (AtOnce, "at once")])
def test_when_inputs_apply(user: User, monkeypatch: pytest.MonkeyPatch, handler: type[ReplyOnPause], when: str) -> None:
    """The page says it before they are sent and afterwards."""
    client = Client()
    client.force_login(user)
    monkeypatch.setattr(streams()["echo"], "handler", handler(lambda audio: iter(())))
    monkeypatch.setattr(streams()["echo"], "inputs", Everything)
    page = client.get("/streams/echo/").content.decode()
    assert re.findall(r"(?:Sent. )?Applies [^.]*", page) == [f"Sent. Applies {when}", f"Applies {when}"]


def test_a_page_in_a_frame(user: User) -> None:
    """Pages of this site may frame it, and then it has no bar; without that no page may."""
    client = Client()
    client.force_login(user)
    framed, plain = client.get("/streams/echo/?embed=box"), client.get("/streams/echo/")
    assert "frame-ancestors 'self'" in framed.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed.headers
    assert 'data-embed="box"' in framed.content.decode()
    assert 'class="bar"' not in framed.content.decode()
    assert "frame-ancestors 'none'" in plain.headers["Content-Security-Policy"]
    assert plain.headers["X-Frame-Options"] == "DENY"
    assert 'class="bar"' in plain.content.decode()


def test_components_on_a_page(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields are in the form, what shows outputs has a place, and a hidden one has neither."""
    stream = streams()["echo"]
    chat = gr.Chatbot(value=[], label="Chat <1>")
    monkeypatch.setattr(stream, "additional_input_components", [gr.Slider(0.3, label="Size", minimum=0), gr.State([]), chat])
    monkeypatch.setattr(stream, "additional_output_components", [chat])
    monkeypatch.delitem(vars(stream), "components", raising=False)
    client = Client()
    client.force_login(user)
    page = client.get("/streams/echo/").content.decode()
    vars(stream).pop("components")
    assert 'id="in-c0" type="range" value="0.3"' in page
    assert 'id="shown-c2" data-kind="chat" role="log"' in page
    assert "Chat &lt;1&gt;" in page
    assert "shown-c1" not in page
