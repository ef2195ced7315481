"""The JavaScript of docs/guide/from-symbl.md configures the SDKs as these tests do; `symbl_python.py` runs the Python of the page."""

import re
from pathlib import Path

HERE = Path(__file__).parent
LISTINGS = re.findall(r"```js\n(.*?)```", (HERE.parents[1] / "docs" / "guide" / "from-symbl.md").read_text(encoding="utf-8"), re.DOTALL)


def calls(text: str) -> list[str]:
    """Return the calls and options that name the server, with its URL in one form."""
    text = re.sub(r'"https://talk\.example\.org"|wish\.url', "URL", text)
    return re.findall(r"setBasePath\(URL\)|basePath: URL", text)


def test_the_node_sdk_is_set_up_as_the_page_says() -> None:
    """The token call and the other URLs are those of the page."""
    [listing] = [text for text in LISTINGS if "setBasePath" in text]
    assert calls(listing) == calls((HERE / "symbl_js.cjs").read_text()) == ["setBasePath(URL)", "basePath: URL"]


def test_the_web_sdk_is_set_up_as_the_page_says() -> None:
    """The only option is that of the page."""
    [listing] = [text for text in LISTINGS if "new Symbl" in text]
    assert calls(listing) == calls((HERE / "symbl_web.js").read_text()) == ["basePath: URL"]
