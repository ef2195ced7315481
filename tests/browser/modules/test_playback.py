"""The times of words on the page of a conversation, by which its audio is played."""

from playwright.sync_api import Page

from tests.browser.modules.running import run


def test_times_of_words_are_fetched_again_after_a_failure(module_page: Page) -> None:
    """A lost connection and an error of the server leave the page without them only until the next try."""
    body = """
        document.body.innerHTML = '<main id="main" data-conversation="1" data-part="1"></main><div id="contents"></div>';
        const answers = [
          () => Promise.reject(new TypeError('no connection')),
          async () => new Response('', { status: 503 }),
          async () => Response.json({ words: {}, speech: [[1, 2], [9, 10]] }),
        ];
        window.fetch = () => answers.shift()();
        const words = await import('/static/parley/js/conversation/words.js');
        const found = [];
        while (answers.length) {
          await words.ready();
          found.push(words.silenceUntil(3) ?? null);
        }
        return found;
        """
    assert run(module_page, "text", body) == [None, None, 8.7]
