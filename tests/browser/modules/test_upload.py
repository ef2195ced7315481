"""The form of the upload page."""

from playwright.sync_api import Page

from tests.browser.modules.running import run


def test_languages_have_names(module_page: Page) -> None:
    """English is first, then the search for the language, then the others by name."""
    body = """
        const codes = ['de-DE', 'auto', 'en-US', 'fr-FR'];
        const options = codes.map((code) => `<option value="${code}">${code}</option>`).join('');
        const ids = { url: "input", "url-wrong": "p", choose: "button", files: "input", uploads: "section", sending: "ol", imports: "div" };
        const parts = Object.entries(ids).map(([id, tag]) => `<${tag} id="${id}"></${tag}>`).join("");
        document.body.innerHTML = `<form id="upload-form"><select id="language">${options}</select></form>${parts}`;
        await import('/static/parley/js/upload/page.js');
        return [...document.getElementById('language').options].map(({ textContent }) => textContent);
        """
    assert run(module_page, "text", body) == ["American English", "Detect automatically", "French (France)", "German (Germany)"]
