"""The type of the messages that the renderers of all protocols return."""

from typing import Any, TypeAlias

JsonMessage: TypeAlias = dict[str, Any]
"""A JSON object for a client, complete but not encoded. Only tests and the client read its fields, so it is not typed further."""
