"""FastRTC's names for what has another name here."""

import inspect
import wave

import numpy as np
import pytest

import streaming
from streaming.handlers.endpointing_options import SileroVadOptions
from streaming.speech.vad import data_file

SPEECH = data_file("moonshine_voice", "assets", "two_cities.wav")


def test_a_recogniser_that_code_creates() -> None:
    """It is the recogniser of the installation; unknown model names are refused."""
    assert isinstance(streaming.MoonshineSTT("moonshine/tiny"), type(streaming.get_stt_model()))
    with pytest.raises(ValueError, match="moonshine/base"):
        streaming.MoonshineSTT("whisper")


def test_the_vad_separates_speech_from_silence() -> None:
    """The VAD returns how much speech a recording has, and where, at any rate and in any type; the process shares one."""
    with wave.open(str(SPEECH)) as file:
        rate = file.getframerate()
        speech = np.frombuffer(file.readframes(rate * 5), dtype=np.int16)
    model = streaming.get_silero_model()
    assert model is streaming.get_silero_model()
    seconds, chunks = model.vad((rate, speech), SileroVadOptions(threshold=0.5))
    assert 2.5 < seconds <= 5
    assert sum(chunk["end"] - chunk["start"] for chunk in chunks) == pytest.approx(seconds * 16_000)
    floats, _ = model.vad((rate, streaming.audio_to_float32(speech)[None]), None)
    assert floats == pytest.approx(seconds, abs=0.2)
    assert model.vad((rate, np.zeros(rate, dtype=np.int16)), None) == (0, [])


def test_the_body_that_a_page_sends() -> None:
    """The body is a model with an id; text and audio are optional."""
    data = streaming.WebRTCData(webrtc_id="a")
    assert (data.webrtc_id, data.textbox, data.audio) == ("a", "", None)


def test_the_keys_of_ui_args() -> None:
    """All keys of FastRTC's are optional."""
    assert streaming.UIArgs.__required_keys__ == frozenset()
    assert set(streaming.UIArgs.__annotations__) == {
        *("title", "subtitle", "icon", "icon_button_color", "pulse_color", "icon_radius", "send_input_on", "hide_title", "full_screen"),
        "variant",
    }


def test_types_have_both_names() -> None:
    """Each type has FastRTC's name and ours."""
    assert streaming.AudioEmitType is streaming.AudioEmit
    assert streaming.VideoEmitType is streaming.VideoEmit
    assert "vad" in dict(inspect.getmembers(streaming.PauseDetectionModel))
