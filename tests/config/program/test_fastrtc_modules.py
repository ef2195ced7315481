"""The package `fastrtc` of a program."""

import importlib
import sys
from collections.abc import Iterator

import pytest

import streaming
from config.program import fastrtc_modules
from config.program.fastrtc_modules import NAMES


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """Install the finder, and remove it with the modules that it made."""
    before = list(sys.meta_path)
    fastrtc_modules.install()
    fastrtc_modules.install()
    assert len(sys.meta_path) == len(before) + 1
    yield
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name.partition(".")[0] == "fastrtc"]:
        del sys.modules[name]


def test_the_package_has_all_of_our_names() -> None:
    """`from fastrtc import Stream` is ours, and so is each other name."""
    fastrtc = importlib.import_module("fastrtc")
    assert fastrtc.__all__ == streaming.__all__
    assert {name: getattr(fastrtc, name) for name in fastrtc.__all__} == {name: getattr(streaming, name) for name in streaming.__all__}


@pytest.mark.parametrize("module", NAMES)
def test_every_name_of_the_table_exists(module: str) -> None:
    """Each name of each module can be imported, and is the one of `streaming`, except those that live elsewhere."""
    found = importlib.import_module(f"fastrtc.{module}")
    for name in NAMES[module]:
        if f"{module}.{name}" not in fastrtc_modules.ELSEWHERE:
            assert getattr(found, name) is getattr(streaming, name)
        else:
            assert getattr(found, name) is not None


@pytest.mark.parametrize("name", fastrtc_modules.ELSEWHERE)
def test_every_name_that_lives_elsewhere_exists(name: str) -> None:
    """Programs import types for annotations, and helpers of their own messages."""
    module, _, member = name.rpartition(".")
    assert getattr(importlib.import_module(f"fastrtc.{module}"), member) is not None


def test_helpers_of_programs() -> None:
    """A message for `send_message` is JSON; the body of an offer is a model."""
    utils, stream = importlib.import_module("fastrtc.utils"), importlib.import_module("fastrtc.stream")
    assert utils.create_message("log", "hello") == '{"type": "log", "data": "hello"}'
    assert stream.Body(type="offer", webrtc_id="a", sdp="v=0").model_dump()["candidate"] is None


def test_forms_of_imports() -> None:
    """Modules within modules, `as`, and star imports work."""
    scope: dict[str, object] = {}
    code = "import fastrtc.speech_to_text.stt_ as stt\nimport fastrtc.utils\nfrom fastrtc import utils\nfrom fastrtc.utils import *\n"
    exec(code, scope)
    assert scope["audio_to_bytes"] is scope["fastrtc"].utils.audio_to_bytes is scope["utils"].audio_to_bytes  # type: ignore[attr-defined]
    assert scope["stt"].get_stt_model is streaming.get_stt_model  # type: ignore[attr-defined]


def test_what_is_missing_has_a_clear_error() -> None:
    """The error names the module and the name."""
    with pytest.raises(ImportError, match="no_such_thing"):
        exec("from fastrtc.utils import no_such_thing", {})
    with pytest.raises(AttributeError, match=r"Parley has no fastrtc\.utils\.no_such_thing"):
        importlib.import_module("fastrtc.utils").no_such_thing  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match="fastrtc.no_such_module"):
        importlib.import_module("fastrtc.no_such_module")


def test_models_of_other_packages_derive_from_ours() -> None:
    """The protocols that packages with models for FastRTC derive from."""
    scope: dict[str, object] = {}
    exec(
        "from fastrtc.speech_to_text.stt_ import STTModel\nfrom fastrtc.text_to_speech.tts import KokoroTTSOptions, TTSModel, TTSOptions\n"
        "class Options(TTSOptions):\n    pass\nclass Voice(TTSModel[Options]):\n    pass\nclass Ears(STTModel):\n    pass\n"
        "is_one = issubclass(KokoroTTSOptions, TTSOptions)\n",
        scope,
    )
    assert scope["is_one"]
