"""What the live page shows: messages, cards, topics and notes."""

import pytest
from playwright.sync_api import Page

from tests.browser.modules.running import run

VIEW = """
    const KINDS = [
      {type: 'question', name: 'question', label: 'Question', icon: 'kind-question', colour: 'blue'},
      {type: 'action_item', name: 'action_item', label: 'Action item', icon: 'kind-action_item', colour: 'orange', task: true},
    ];
    document.body.innerHTML = ['words', 'jump', 'panes', 'waiting', 'turns', 'interims', 'side', 'insights', 'interim-insights',
      'no-insights', 'insight-count', 'tab-count'].map((id) => `<div id="${id}" tabindex="-1"></div>`).join('');
    const view = new m.View(document, KINDS);
    const message = (id, who, at) => ({message: {id, text: id, from: {id: who, name: who}, at}});
    const insight = (id, changes = {}) =>
      ({id, type: 'question', text: 'Why?', from: {name: 'Ada'}, message: 'm1', assignee: '', due: '', confidence: 0.8, ...changes});
    const part = (id) => document.getElementById(id);
    for (const one of [message('m1', 'Ada', 0), message('m2', 'Ada', 1), message('m3', 'Ben', 2)]) view.show(one);
"""


def test_the_view_removes_a_deleted_message(module_page: Page) -> None:
    """The last message of a turn removes the heading, and the next message gets a new one."""
    body = (
        VIEW
        + """
        const left = () => [...part('turns').children].map((turn) => [...turn.querySelectorAll('.message')].map((one) => one.id).join());
        const found = [left()];
        for (const id of ['m1', 'm3']) {
          view.show({removed: {id}});
          found.push(left());
        }
        view.show(message('m4', 'Ben', 3));
        return [...found, left()];
        """
    )
    assert run(module_page, "view", body) == [["m-m1,m-m2", "m-m3"], ["m-m2", "m-m3"], ["m-m2"], ["m-m2", "m-m4"]]


def test_the_view_arranges_moved_messages(module_page: Page) -> None:
    """Messages come under the headings of their speakers, in order; elements, marks and the focus stay."""
    body = (
        VIEW
        + """
        const now = () => [...part('turns').children].map((turn) => [turn.querySelector('strong').textContent,
          ...[...turn.querySelectorAll('.message')].map((one) => one.textContent)].join());
        view.show({insight: insight('i1')});
        part('m-m1').focus();
        const old = part('m-m1');
        const line = (id, name, at) => ({id, text: id.toUpperCase(), from: {id: name, name}, at});
        view.transcript = () => [line('m1', 'Ada', 0), line('m9', 'Cleo', 0.5), line('m2', 'Cleo', 1), line('m3', 'Ben', 2)];
        view.show({moved: line('m9', 'Cleo', 0.5)});
        view.show({moved: line('m2', 'Cleo', 1)});
        await new Promise((resolve) => setTimeout(resolve, 200));
        const found = [now(), old === part('m-m1'), document.activeElement === old, old.className];
        view.show({changedInsight: insight('i1', {message: 'm9'}), formerly: insight('i1')});
        view.show(message('m4', 'Ben', 3));
        return [...found, old.className, part('m-m9').className, now().at(-1)];
        """
    )
    assert run(module_page, "view", body) == [
        ["Ada,M1", "Cleo,M9,M2", "Ben,M3"],
        True,
        True,
        "message found",
        "message",
        "message found",
        "Ben,M3,m4",
    ]


def test_the_insights_of_a_sentence_are_one_card(module_page: Page) -> None:
    """The card has the task and both kinds; it follows changes, the count and the mark of the message too, and the focus stays."""
    body = (
        VIEW
        + """
        const now = () => [[...part('insights').children].map((card) => [card.id, card.querySelector('.text').textContent,
          [...card.querySelectorAll('.kind')].map((kind) => kind.textContent).join()].join()).join(';'),
          part('insight-count').textContent, part('no-insights').hidden, part('m-m1').className, {...part('m-m1').dataset}];
        view.show({insight: insight('i1')});
        const found = [now()];
        view.show({insight: insight('i2', {type: 'action_item', text: 'We do it, okay?', task: 'Do it now.'})});
        found.push(now(), part('i-i2').querySelector('.text').title);
        part('i-i2').querySelector('a').focus();
        view.show({changedInsight: insight('i2', {type: 'action_item', text: 'Do.'})});
        found.push(now(), document.activeElement === part('i-i2').querySelector('a'));
        view.show({removedInsight: insight('i2')});
        found.push(now());
        view.show({insight: insight('i3', {message: 'm2'})});
        view.show({removedInsight: insight('i1')});
        found.push(now());
        view.show({insight: insight('i1'), before: 'i3'});
        found.push(now());
        part('i-i3').querySelector('a').focus();
        for (const [id, message] of [['i1', 'm1'], ['i3', 'm2']]) view.show({removedInsight: insight(id, {message})});
        found.push(now(), document.activeElement.id);
        return found;
        """
    )
    question = ["message found", {"kind": "question", "colour": "blue"}]
    both = ["message found", {"kind": "question action_item", "colour": "orange"}]
    assert run(module_page, "view", body) == [
        ["i-i1,Why?,Question", "1", True, *question],
        ["i-i2,Do it now.,Action item,Question", "1", True, *both],
        "We do it, okay?",
        ["i-i2,Do.,Action item,Question", "1", True, *both],
        True,
        ["i-i1,Why?,Question", "1", True, *question],
        ["i-i3,Why?,Question", "1", True, "message", {}],
        ["i-i1,Why?,Question;i-i3,Why?,Question", "2", True, *question],
        ["", "", False, "message", {}],
        "side",
    ]


def test_a_sentence_that_comes_after_its_insight_is_marked(module_page: Page) -> None:
    """As the second half of a sentence that was split: its insight is moved to it first."""
    body = (
        VIEW
        + """
        const all = [['m1', 'Ada', 0], ['m4', 'Ada', 0.5], ['m2', 'Ada', 1], ['m3', 'Ben', 2]].map((one) => message(...one).message);
        view.transcript = () => all;
        view.show({insight: insight('i1')});
        view.show({changedInsight: insight('i1', {message: 'm4'}), formerly: insight('i1')});
        view.show({moved: all[1]});
        view.arrange();
        return ['m1', 'm4'].map((id) => part(`m-${id}`).className);
        """
    )
    assert run(module_page, "view", body) == ["message", "message found"]


def test_a_card_shows_its_confidence_only_if_it_is_low(module_page: Page) -> None:
    """Below 70 % it is shown; the link has the place of the sentence and a name for screen readers."""
    body = (
        VIEW
        + """
        view.show({insight: insight('i1', {message: 'm1', confidence: 0.9})});
        view.show({insight: insight('i2', {message: 'm3', confidence: 0.55})});
        const shown = (card) => [card.querySelector('.tag')?.textContent ?? '', card.querySelector('a').textContent,
          card.querySelector('a').getAttribute('aria-label')];
        return ['i1', 'i2'].map((id) => shown(part(`i-${id}`)));
        """
    )
    assert run(module_page, "view", body) == [
        ["", "0:00", "Show in the transcript, Ada, 0:00"],
        ["55% sure", "0:02", "Show in the transcript, Ada, 0:02"],
    ]


def test_topics_stay_where_they_are(module_page: Page) -> None:
    """A topic that stays keeps its place and its element, whatever its score; a new one is the last."""
    body = (
        VIEW
        + """
        document.body.insertAdjacentHTML('beforeend', '<div id="topics-part" hidden><p id="topics"></p></div>');
        const topics = (...names) => view.show({topics: names.map((id) => ({id, phrases: id, messageReferences: [{id: 'm1'}]}))});
        const now = () => [...part('topics').children].map((chip) => chip.textContent).join();
        topics('a', 'b', 'c');
        const first = part('topics').children[1];
        topics('d', 'c', 'b');
        const found = [now(), part('topics').children[0] === first, part('topics-part').hidden];
        topics();
        return [...found, part('topics-part').hidden];
        """
    )
    assert run(module_page, "view", body) == ["b,c,d", True, False, True]


def test_notes_stand_between_the_messages_by_their_time(module_page: Page) -> None:
    """A sentence that was said before a note and becomes final after it stands above it; a later one has a heading of its own."""
    body = (
        VIEW
        + """
        view.note(5, 'Paused', 'pause');
        view.show(message('m4', 'Ben', 4));
        view.show(message('m5', 'Ada', 4.5));
        view.show(message('m6', 'Ada', 7));
        const shown = (one) => one.querySelector('.said')?.textContent.trim() ?? one.className;
        const now = () => [...part('turns').children].map(shown).join('|');
        const found = [now()];
        view.transcript = () => [['m1', 'Ada', 0], ['m4', 'Ben', 4], ['m6', 'Ada', 7]].map((one) => message(...one).message);
        view.arrange();
        return [...found, now()];
        """
    )
    assert run(module_page, "view", body) == ["m1 m2|m3 m4|m5|note|m6", "m1|m4|note|m6"]


def test_a_new_insight_does_not_move_the_pane_of_a_reader(module_page: Page) -> None:
    """The pane follows the newest insight only if it is scrolled to the end."""
    body = (
        VIEW
        + """
        part('side').style = 'height: 200px; overflow: auto';
        part('side').append(part('insights'));
        const add = (id) => { view.show({insight: insight(id, {message: id})}); part(`i-${id}`).style = 'display: block; height: 150px'; };
        for (const id of ['i1', 'i2', 'i3', 'i4']) add(id);
        part('side').scrollTop = 0;
        add('i5');
        const up = part('side').scrollTop;
        part('side').scrollTop = part('side').scrollHeight;
        const end = part('side').scrollTop;
        view.show({insight: insight('i6', {message: 'i6'})});
        return [up, part('side').scrollTop > end];
        """
    )
    assert run(module_page, "view", body) == [0, True]


def test_a_corrected_message_is_not_read_again(module_page: Page) -> None:
    """It leaves the live region before its text changes, so that a screen reader does not read it."""
    body = (
        VIEW
        + """
        part('turns').setAttribute('aria-live', 'polite');
        const live = [];
        const watch = new MutationObserver((changes) => live.push(...changes.map(
          ({ target }) => [target.id, target.closest('[aria-live]').getAttribute('aria-live')])));
        watch.observe(part('turns'), { subtree: true, childList: true, characterData: true });
        view.show({changed: {id: 'm2', text: 'Better.'}});
        await new Promise((go) => setTimeout(go));
        return [part('m-m2').textContent, live];
        """
    )
    assert run(module_page, "view", body) == ["Better.", [["m-m2", "off"]]]


def test_a_voice_without_a_name_has_one_in_the_language_of_the_page(module_page: Page) -> None:
    """`Speaker 1` is translated in headings and on cards; any other name stays."""
    module_page.evaluate("globalThis.parleyTexts = {'Speaker {number}': 'Sprecher {number}'}")
    body = (
        VIEW
        + """
        view.show(message('m4', 'Speaker 2', 3));
        view.show({insight: insight('i1', {type: 'action_item', assignee: 'Speaker 2'})});
        return [[...part('turns').querySelectorAll('strong')].map((one) => one.textContent),
          part('insights').querySelector('.assignee bdi').textContent];
        """
    )
    assert run(module_page, "view", body) == [["Ada", "Ben", "Sprecher 2"], "Sprecher 2"]


def test_jobs_have_names(module_page: Page) -> None:
    """A line says how far a job of the conversation is, or that it failed, with the reason if there is one."""
    body = """
        const job = {kind: 'import_audio', status: 'in_progress', progress: 12};
        const failed = {...job, kind: 'call_score', status: 'failed'};
        return [job, failed, {...failed, reason: 'No messages.'}, {...job, kind: 'own_kind'}].map(m.jobText);
        """
    assert run(module_page, "job-text", body) == ["Import: 12%", "Call score failed.", "Call score failed. No messages.", "own kind: 12%"]


def test_the_share_dialog_has_times_in_the_zone_of_the_account(module_page: Page) -> None:
    """As all other pages have them."""
    body = """
        document.documentElement.dataset.timeZone = 'Asia/Tokyo';
        document.body.innerHTML = '<button data-share="/part/"></button><dialog id="share-dialog"><div id="share-body"></div></dialog>';
        window.fetch = async () => new Response('<time datetime="2026-12-30T21:20:00Z" data-as="full"></time>');
        await import('/static/parley/js/share.js');
        document.querySelector('button').click();
        while (!document.querySelector('time')?.textContent) await new Promise(requestAnimationFrame);
        return document.querySelector('time').textContent;
        """
    assert run(module_page, "text", body) == "31 Dec 2026, 06:20"


@pytest.mark.parametrize(
    ("offset", "end"), [(0, "2026-12-24T23:59:59.000Z"), (780, "2026-12-24T10:59:59.000Z"), (-480, "2026-12-25T07:59:59.000Z")]
)
def test_a_day_ends_where_the_conversation_was(module_page: Page, offset: int, end: str) -> None:
    """A due date is the same day in every zone, and it is not late before that day is over."""
    assert run(module_page, "page", "return m.endOfDay('2026-12-24', given);", offset) == end
