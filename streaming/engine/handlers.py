"""The handler base classes that developers derive from."""

from typing import Any

HandlerLike = Any


def check_handler(handler: HandlerLike, modality: str, mode: str) -> None:
    """Raise TypeError or ValueError unless handler, modality and mode fit together."""
