"""The version of Parley."""

import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def parley_version() -> str:
    """Return the version that pyproject.toml declares. Needs no settings."""
    with PROJECT.open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
