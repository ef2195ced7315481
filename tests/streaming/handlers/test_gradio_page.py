"""Streams beside Gradio, as far as it needs no Gradio; tests/paths/test_gradio.py has the rest."""

import sys

import pytest

from streaming import Stream, WebRTC
from streaming.handlers.gradio_page import blocks_of, gradio
from streaming.handlers.stream_ui import StreamUI
from tests.streaming.components import gradio_like as gr
from tests.streaming.sessions.connections import Echo


def test_a_component_needs_gradio() -> None:
    """The error says what to do."""
    assert "gradio" not in sys.modules
    with pytest.raises(RuntimeError, match=r"install gradio, import it, and use it inside of gr\.Blocks"):
        WebRTC(modality="audio")


def test_a_page_is_no_blocks_without_gradio() -> None:
    """The object exists at once, and nothing imports Gradio."""
    stream = Stream(Echo(), modality="audio", additional_inputs=[gr.Textbox()])
    assert isinstance(stream.ui, StreamUI)
    assert stream.webrtc_component is stream
    assert blocks_of(stream) is None
    assert gradio() is None
    stream.ui = "a page of the program"
    assert stream.ui == "a page of the program"
