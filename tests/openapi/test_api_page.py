"""docs/api.md is what `python -m tools.api_docs --write` writes now."""

import difflib

import pytest

from tools.api_docs.page import page
from tools.api_docs.site import PAGE


def test_the_page_is_up_to_date(generated: str) -> None:
    """Each call of the schema has its command, and the response that a running server gives to it."""
    changes = difflib.unified_diff(PAGE.read_text().splitlines(), generated.splitlines(), "docs/api.md", "now", lineterm="", n=1)
    assert not (text := "\n".join(changes)), f"run `python -m tools.api_docs --write`\n{text[:4000]}"


def test_a_call_without_a_command_is_named() -> None:
    """An operation that is new in the schema and missing among the commands ends the generation with its name."""
    schema = {"paths": {"/v1/new": {"get": {"tags": ["New"], "responses": {}}}}}
    with pytest.raises(ValueError, match="'GET', '/v1/new'"):
        page(schema, [], "http://localhost")
