"""Which notes of the page before are shown: what was typed there is on this page once, wherever its request was when the page was left."""

from playwright.sync_api import Page

from tests.browser.modules.running import run

NOTES = """
    document.body.innerHTML = `<ul id="note-list"></ul><p id="notes-status"></p><template id="note-pattern">
      <li><span class="place"></span><textarea></textarea><button data-do="remove-note" hidden></button></li></template>`;
    const list = document.getElementById('note-list');
    const stored = (id, text) => {
      list.append(document.getElementById('note-pattern').content.firstElementChild.cloneNode(true));
      list.lastElementChild.dataset.note = id;
      list.lastElementChild.querySelector('textarea').value = text;
    };
    const shown = () => [...list.querySelectorAll('textarea')].map((one) => one.value);
    const left = () => Object.keys(JSON.parse(sessionStorage.getItem('parley-notes') ?? '{}')).sort();
    const draft = (text, changes = {}) => ({text, at: 1, conversation: '7', page: '/before', ...changes});
    const open = (drafts) => {
      sessionStorage.setItem('parley-notes', JSON.stringify(drafts));
      new m.Notes({conversation: () => '7', now: () => 2});
    };
    const asked = performance.timeOrigin;
"""


def test_a_note_that_was_stored_after_the_page_was_asked_for(module_page: Page) -> None:
    """The page lacks it, so that it comes from the page before; one that was stored earlier is the server's."""
    body = """
        stored('old', 'From the server');
        open({old: draft('Older', {storedAt: asked - 60000}), gone: draft('Deleted meanwhile', {storedAt: asked - 60000}),
          late: draft('Late', {storedAt: asked + 50}), never: draft('Never stored')});
        return [shown(), left()];
    """
    assert run(module_page, "notes", NOTES + body) == [["From the server", "Late", "Never stored", ""], ["late", "never"]]


def test_a_change_that_was_stored_after_the_page_was_asked_for(module_page: Page) -> None:
    """The later text is shown, and a note that was deleted then is not."""
    body = """
        stored('one', 'Half'); stored('two', 'Deleted');
        open({one: draft('Half a sentence', {storedAt: asked + 50}), two: draft('', {storedAt: asked + 50})});
        return shown();
    """
    assert run(module_page, "notes", NOTES + body) == ["Half a sentence", ""]


def test_notes_of_other_conversations_wait_for_their_page(module_page: Page) -> None:
    """Those of a conversation that had not begun belong to the page on which they were typed."""
    body = """
        open({other: draft('Of another', {conversation: '8'}), begun: draft('Not begun', {conversation: '', page: location.pathname}),
          elsewhere: draft('Not begun elsewhere', {conversation: ''})});
        return [shown(), left()];
    """
    assert run(module_page, "notes", NOTES + body) == [["Not begun", ""], ["begun", "elsewhere", "other"]]
