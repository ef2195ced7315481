"""Run one script in a page."""

from typing import Any

from playwright.sync_api import Page


def run(page: Page, module: str, body: str, argument: object = None) -> Any:
    """Run a function body with `m` (the module) and `given`, and return what it returns."""
    code = f"async (given) => {{ const m = await import('/static/parley/js/{module}.js'); {body} }}"
    return page.evaluate(code, argument)
