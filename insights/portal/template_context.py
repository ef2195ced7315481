"""The type of what pages pass to their templates."""

from typing import Any, TypeAlias

TemplateContext: TypeAlias = dict[str, Any]
"""The variables of a template, by name. Templates are not typed, so it is not typed further."""
