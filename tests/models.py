"""The models that `make setup-development` fetches for tests, and a folder of data that has them."""

from pathlib import Path

import pytest

from tests.servers import ROOT

MODELS = ROOT / ".cache" / "models"


def whisper_models() -> Path:
    """Return the folder of models with whisper-base. Fails where it was not fetched: such tests are never skipped silently."""
    if not (MODELS / "whisper-base" / "model.bin").is_file():
        pytest.fail("whisper-base is not there: run `make setup-development`")
    return MODELS


def with_whisper(data: Path) -> Path:
    """Put whisper-base into the models of a data folder, and return the folder."""
    (data / "models").mkdir(parents=True, exist_ok=True)
    (data / "models" / "whisper-base").symlink_to(whisper_models() / "whisper-base", target_is_directory=True)
    return data
