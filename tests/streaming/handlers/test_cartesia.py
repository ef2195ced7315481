"""Voices of Cartesia: its package is called with the options, and its bytes become audio in order. The package here is a scripted one."""

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streaming.handlers.cartesia import NOT_INSTALLED, CartesiaTTSOptions
from streaming.handlers.tts import get_tts_model
from streaming.tts.base import VoiceError

SAMPLES = np.arange(-500, 500, dtype=np.int16)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Install a package that records its calls and answers in chunks that split samples; "fail" makes it fail."""
    calls: list[dict[str, Any]] = []

    def spoken(**options: Any) -> Iterator[bytes]:
        calls.append(options)
        if options["transcript"] == "fail":
            raise ConnectionError("fail")
        content = SAMPLES.tobytes()
        yield from (content[at : at + 333] for at in range(0, len(content), 333))

    def client(api_key: str) -> SimpleNamespace:
        calls.append({"api_key": api_key})
        return SimpleNamespace(tts=SimpleNamespace(bytes=spoken))

    package = ModuleType("cartesia")
    package.__dict__["Cartesia"] = client
    monkeypatch.setitem(sys.modules, "cartesia", package)
    get_tts_model.cache_clear()
    yield calls
    get_tts_model.cache_clear()


async def test_speech(asked: list[dict[str, Any]]) -> None:
    """All samples come once, in order, by each method; the options are passed on."""
    model = get_tts_model("cartesia", cartesia_api_key="key")
    options: Any = CartesiaTTSOptions(voice="v", language="de", model="m", sample_rate=16_000)
    expected = SAMPLES.astype(np.float32) / 32768
    parts = list(model.stream_tts_sync("Hello.", options))
    assert len(parts) > 3
    assert {rate for rate, _ in parts} == {16_000}
    np.testing.assert_allclose(np.concatenate([samples for _, samples in parts]), expected, atol=1e-4)
    np.testing.assert_allclose(model.tts("Hello.", options)[1], expected, atol=1e-4)
    streamed = [part async for part in model.stream_tts("Hello.", options)]
    np.testing.assert_allclose(streamed[0][1], expected, atol=1e-4)
    assert asked[0] == {"api_key": "key"}
    wanted = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}
    assert asked[1] == {
        "model_id": "m",
        "transcript": "Hello.",
        "voice": {"mode": "id", "id": "v"},
        "language": "de",
        "output_format": wanted,
    }


def test_a_failure(asked: list[dict[str, Any]]) -> None:
    """The error has neither the words nor the text of the package."""
    with pytest.raises(VoiceError, match=r"^cartesia: ConnectionError$"):
        get_tts_model("cartesia", cartesia_api_key="other").tts("fail")
    assert len(asked) == 2


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "cartesia", None)
    with pytest.raises(VoiceError, match=NOT_INSTALLED):
        get_tts_model("cartesia", cartesia_api_key="third")
