"""The type of the messages that the renderers of all protocols return."""

from collections.abc import Mapping
from typing import TypeAlias

JsonMessage: TypeAlias = Mapping[str, object]
"""A JSON object for a client, complete but not encoded. Nobody changes it, and the server reads none of its values."""
