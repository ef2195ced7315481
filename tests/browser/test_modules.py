"""The scripts of the live page, one at a time, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Page


def run(page: Page, module: str, body: str, argument: object = None) -> Any:
    """Run a function body with `m` (the module) and `given`, and return what it returns."""
    code = f"async (given) => {{ const m = await import('/static/parley/js/{module}.js'); {body} }}"
    return page.evaluate(code, argument)


RESAMPLE = """
    const {rate, hertz, block} = given;
    const resampler = new m.Resampler(rate);
    const out = [];
    const wave = Float32Array.from({length: rate}, (_, at) => Math.sin(2 * Math.PI * hertz * at / rate));
    for (let at = 0; at < wave.length; at += block) out.push(...resampler.feed(wave.subarray(at, at + block)));
    const middle = out.slice(4000, 12000);
    let error = 0;
    for (let at = 0; at < middle.length; at += 1) {
      error = Math.max(error, Math.abs(middle[at] - Math.sin(2 * Math.PI * hertz * (at + 4000) / 16000)));
    }
    return {length: out.length, rms: Math.sqrt(middle.reduce((sum, x) => sum + x * x, 0) / middle.length), error};
"""


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("hertz", [200, 2500])
def test_speech_passes_the_resampler_unchanged(module_page: Page, rate: int, hertz: int) -> None:
    """A tone keeps its frequency, amplitude and position, and a second stays a second."""
    found = run(module_page, "resampler", RESAMPLE, {"rate": rate, "hertz": hertz, "block": 128})
    assert abs(found["length"] - 16000) < 60
    assert found["error"] < 0.01


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_frequencies_above_8_khz_are_filtered_out(module_page: Page, rate: int) -> None:
    """A tone of 11 kHz would alias to 5 kHz; it is attenuated by more than 50 dB."""
    found = run(module_page, "resampler", RESAMPLE, {"rate": rate, "hertz": 11000, "block": 128})
    assert found["rms"] < 0.7071 / 316


def test_the_size_of_the_blocks_does_not_matter(module_page: Page) -> None:
    """Blocks of 1 and of 1000 samples give the same result."""
    body = """
        const wave = Float32Array.from({length: 9000}, (_, at) => Math.sin(at / 7) * Math.cos(at / 31));
        const all = (block) => {
          const resampler = new m.Resampler(44100);
          const out = [];
          for (let at = 0; at < wave.length; at += block) out.push(...resampler.feed(wave.subarray(at, at + block)));
          return out;
        };
        const [small, large] = [all(1), all(1000)];
        return small.length === large.length && small.every((value, at) => value === large[at]);
    """
    assert run(module_page, "resampler", body) is True


BUFFER = """
    const buffer = new m.ResendBuffer({unsent: 5, unstored: 3});
    const record = (count) => { for (let at = 0; at < count; at += 1) buffer.push(buffer.end); };
"""


def test_the_buffer_returns_each_chunk_once(module_page: Page) -> None:
    """Chunks are returned in order, then nothing."""
    body = BUFFER + "record(3); return [buffer.take(), buffer.take(), buffer.take(), buffer.take() ?? null, buffer.waiting];"
    assert run(module_page, "resend-buffer", body) == [0, 1, 2, None, 0]


def test_the_buffer_returns_unstored_chunks_again(module_page: Page) -> None:
    """After a rewind the buffer begins after the dropped chunks."""
    body = (
        BUFFER
        + "record(3); buffer.take(); buffer.take(); buffer.take(); buffer.forget(2);"
        + " const base = buffer.rewind(); return [base, buffer.take()];"
    )
    assert run(module_page, "resend-buffer", body) == [2, 2]


def test_the_buffer_keeps_unsent_chunks(module_page: Page) -> None:
    """A number after the last sent chunk drops only sent chunks."""
    body = BUFFER + "record(3); buffer.take(); buffer.forget(99); return [buffer.take(), buffer.take()];"
    assert run(module_page, "resend-buffer", body) == [1, 2]


def test_the_buffer_is_bounded_and_counts_dropped_chunks(module_page: Page) -> None:
    """The oldest unsent chunk is dropped at one limit, the oldest sent one at the other."""
    body = (
        BUFFER
        + "record(8); const dropped = [buffer.dropped, buffer.take(), buffer.waiting]; while (buffer.take() !== undefined);"
        + " return [...dropped, buffer.rewind()];"
    )
    assert run(module_page, "resend-buffer", body) == [3, 3, 4, 5]


def test_the_buffer_keeps_the_pauses_of_the_recording(module_page: Page) -> None:
    """A pause of 9.5 s stands before the chunk that follows it, also when the chunks are sent again."""
    body = """
        const buffer = new m.ResendBuffer();
        for (const end of [0.1, 0.2, 9.8, 9.9]) buffer.push(end, end);
        const gaps = () => [0, 1, 2, 3].map(() => { const gap = buffer.gap; buffer.take(); return Math.round(gap * 10) / 10; });
        const first = gaps();
        buffer.forget(1);
        buffer.rewind();
        return [first, gaps()];
    """
    assert run(module_page, "resend-buffer", body) == [[0, 0, 9.5, 0], [0, 9.5, 0, 0]]


def test_sent_audio_is_placed_across_a_pause(module_page: Page) -> None:
    """Times before, in and after a pause have their places; a correction by the server moves all of them."""
    body = """
        const times = new m.SentTimes(1000);
        times.pause(5, 60);
        const found = [times.at(4), times.at(6), times.place(3000), times.place(30000), times.place(68000)];
        times.correct(6, 67500);
        return [...found, times.at(4), times.at(6), times.place(68500)];
    """
    assert run(module_page, "sent-times", body) == [5000, 67000, 2, 5, 7, 5500, 67500, 7]


MESSAGES = """
    const record = new m.ConversationStore();
    const message = (id, text, number) => ({type: 'message_response', sequenceNumber: number,
      messages: [{id, payload: {content: text}, from: {id: 'a', name: 'Ada'}, duration: {timeOffset: 1.5}}]});
    const insight = (id, number) => ({type: 'insight_response', sequenceNumber: number,
      insights: [{id, type: 'question', payload: {content: 'Why?'}, messageReference: {id: 'm1'}, confidence: 0.8}]});
"""


def test_the_store_accepts_each_item_once(module_page: Page) -> None:
    """An item that is sent again after a reconnect is not new."""
    body = (
        MESSAGES
        + "return [message('m1', 'Hi', 1), insight('i1', 2), message('m1', 'Hi', 1), insight('i1', 2)]"
        + ".map((received) => record.take(received).length);"
    )
    assert run(module_page, "conversation-store", body) == [1, 1, 0, 0]


def test_the_store_notices_a_correction(module_page: Page) -> None:
    """The same message with other text is a change."""
    body = MESSAGES + "record.take(message('m1', 'Hi', 1)); return record.take(message('m1', 'Hello', 2))[0].changed.text;"
    assert run(module_page, "conversation-store", body) == "Hello"


REVIEW = (
    MESSAGES
    + """
    const again = (id, changes, number) => {
      const received = insight(id, number);
      Object.assign(received.insights[0], changes);
      return received;
    };
    const names = (received) => record.take(received).map((change) => Object.keys(change)[0]);
"""
)


def test_the_store_notices_reviews(module_page: Page) -> None:
    """A corrected insight is a change, a rejected one is removed once, and a pending one returns to its place."""
    body = (
        REVIEW
        + """
        record.take(insight('i1', 1)); record.take(insight('i2', 2));
        const reworded = {payload: {content: 'Why not?'}};
        const found = [names(again('i1', {}, 3)), names(again('i1', reworded, 4)), names(again('i1', {dismissed: true}, 5)),
          names(again('i1', {dismissed: true}, 5))];
        const [back] = record.take(again('i1', reworded, 6));
        return [...found, back.insight.text, back.before];
        """
    )
    found = run(module_page, "conversation-store", body)
    assert found == [[], ["changedInsight"], ["removedInsight"], [], "Why not?", "i2"]


def test_the_store_does_not_show_dismissed_items(module_page: Page) -> None:
    """An item that was never shown is not removed, and appears when it is no longer dismissed."""
    body = (
        REVIEW
        + """
        const gone = message('m1', '', 1);
        gone.messages[0].dismissed = true;
        return [names(again('i1', {dismissed: true}, 1)), names(gone), names(again('i1', {}, 2)), names(message('m2', 'Hi', 3)),
          names({...gone, messages: [{...gone.messages[0], id: 'm2'}]})];
        """
    )
    assert run(module_page, "conversation-store", body) == [[], [], ["insight"], ["message"], ["removed"]]


def test_the_store_puts_a_message_into_its_place(module_page: Page) -> None:
    """A new part of a message follows it; another speaker, and a message that is no longer dismissed, move messages."""
    body = (
        REVIEW
        + """
        const changed = (id, text, number, changes) => {
          const received = message(id, text, number);
          Object.assign(received.messages[0], changes);
          return received;
        };
        record.take(message('m1', 'One two', 1)); record.take(message('m2', 'Three', 2));
        const found = [names(message('m1', 'One', 3)), names(changed('m9', 'two', 4, {previousMessageId: 'm1'})),
          names(changed('m2', 'Three', 5, {from: {id: 'b', name: 'Ben'}})),
          names(changed('m2', 'Three', 6, {from: {id: 'b', name: 'Bob'}}))];
        const shown = () => record.transcript().map((one) => one.id).join();
        found.push(shown(), names(changed('m9', '', 7, {dismissed: true})), shown(), names(message('m9', 'two', 8)), shown());
        return found;
        """
    )
    assert run(module_page, "conversation-store", body) == [
        ["changed"],
        ["moved"],
        ["moved"],
        ["moved"],
        "m1,m9,m2",
        ["removed"],
        "m1,m2",
        ["moved"],
        "m1,m9,m2",
    ]


def test_the_store_applies_changes_of_members(module_page: Page) -> None:
    """A new name, and another member of many messages, change all that is known, without the messages themselves."""
    body = (
        REVIEW
        + """
        record.take(message('m1', 'One', 1)); record.take(message('m2', 'Two', 2)); record.take(insight('i1', 3));
        const envelope = (type, data) => ({type: 'message', message: {type, data}});
        const found = [names(envelope('member_changed', {member: {id: 'a', name: 'Eda'}}))];
        found.push(names(envelope('messages_moved', {member: {id: 'b', name: 'Ben'}, messageIds: ['m1']})));
        return [...found, record.transcript().map((one) => one.from.name), names(envelope('other', {}))];
        """
    )
    assert run(module_page, "conversation-store", body) == [["moved", "moved"], ["moved", "changedInsight"], ["Ben", "Eda"], []]


VIEW = """
    const KINDS = [
      {type: 'question', name: 'question', label: 'Question', icon: 'kind-question', colour: 'blue'},
      {type: 'action_item', name: 'action_item', label: 'Action item', icon: 'kind-action_item', colour: 'orange', task: true},
    ];
    document.body.innerHTML = ['words', 'jump', 'panes', 'waiting', 'turns', 'interims', 'side', 'insights', 'no-insights', 'insight-count',
      'tab-count'].map((id) => `<div id="${id}" tabindex="-1"></div>`).join('');
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


SOCKET = """
    const made = [];
    window.WebSocket = class { constructor() { made.push(this); } static OPEN = 1; close() {} };
    const pauses = [];
    const timers = [];
    window.setTimeout = (call) => timers.push(call);
    const socket = new m.ReconnectingSocket({address: () => 'ws://x', onOpen() {}, onMessage() {}, onEnd() {}, isEnd: () => false,
      onLost: (seconds) => pauses.push(seconds)});
    socket.open();
"""


@pytest.mark.parametrize(("code", "longest_s"), [(1006, 2), (1012, 2), (1013, 12.5)])
def test_the_page_reconnects_soon(module_page: Page, code: int, longest_s: float) -> None:
    """The delay until the next try is below 2 s, however long the server is away; for a full server it is longer."""
    body = SOCKET + "for (let at = 0; at < 40; at += 1) { made.at(-1).onclose({code: given}); await timers.at(-1)(); } return pauses;"
    pauses = run(module_page, "reconnecting-socket", body, code)
    assert len(pauses) == 40
    assert longest_s / 2.5 < max(pauses) < longest_s
    assert pauses[0] < 1


def test_a_retry_at_once(module_page: Page) -> None:
    """The delay ends early, and no second try begins during a try."""
    body = (
        SOCKET
        + "made[0].onclose({code: 1006}); socket.reconnectNow(); socket.reconnectNow();"
        + " await new Promise((go) => queueMicrotask(go)); return made.length;"
    )
    assert run(module_page, "reconnecting-socket", body) == 2


def test_the_store_requests_the_last_event_again(module_page: Page) -> None:
    """Several messages share a number, and the connection may break between them."""
    body = (
        MESSAGES
        + "const before = record.cursor; record.take(message('m1', 'Hi', 7)); record.take({type: 'message'});"
        + " return [before, record.cursor];"
    )
    assert run(module_page, "conversation-store", body) == [0, 6]


def test_the_leading_topics_come_first(module_page: Page) -> None:
    """A topic that is sent again has its new score."""
    body = """
        const record = new m.ConversationStore();
        const topics = (...pairs) => record.take({type: 'topic_response', topics: pairs.map(([id, score]) => ({id, score}))});
        topics(['a', 0.5], ['b', 0.9]);
        return topics(['a', 1])[0].topics.map((topic) => topic.id);
    """
    assert run(module_page, "conversation-store", body) == ["a", "b"]


def test_a_dismissed_topic_is_removed(module_page: Page) -> None:
    """A topic that was only in deleted messages is shown no more."""
    body = """
        const record = new m.ConversationStore();
        const topics = (...found) => record.take({type: 'topic_response', topics: found})[0].topics.map((topic) => topic.id);
        topics({id: 'a', score: 0.5}, {id: 'b', score: 0.9});
        return topics({id: 'b', score: 0, dismissed: true});
    """
    assert run(module_page, "conversation-store", body) == ["a"]


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


CAPTURED = "const clock = new m.CaptureClock(); const hear = (end, late) => clock.arrived(end, 5000 + end * 1000 + late);"


def test_the_time_of_recording_does_not_depend_on_the_page(module_page: Page) -> None:
    """The time comes from the chunk with the shortest delay of the last ones."""
    body = (
        CAPTURED
        + "for (const [n, late] of [900, 20, 700, 1300].entries()) hear(0.1 * (n + 1), late); return [clock.at(0.1), clock.at(0.4)];"
    )
    assert run(module_page, "capture-clock", body) == pytest.approx([5120, 5420])


def test_the_clocks_of_page_and_device_may_differ(module_page: Page) -> None:
    """After a suspension of a minute, chunks are dated by later ones."""
    body = CAPTURED + "hear(0.1, 10); for (let n = 2; n < 60; n += 1) hear(0.1 * n, 60010); return clock.at(5.9);"
    assert run(module_page, "capture-clock", body) == pytest.approx(5000 + 5900 + 60010)


def test_the_first_chunk_after_a_suspension_resets_the_clock(module_page: Page) -> None:
    """Otherwise a page that reconnects would date later speech too early."""
    body = CAPTURED + "for (let n = 1; n < 60; n += 1) hear(0.1 * n, 10); hear(6, 60010); return clock.at(6);"
    assert run(module_page, "capture-clock", body) == pytest.approx(5000 + 6000 + 60010)


def test_a_blocked_page_changes_no_time(module_page: Page) -> None:
    """Queued chunks arrive at once, each with a shorter delay than the one before."""
    body = CAPTURED + "for (let n = 1; n < 60; n += 1) hear(0.1 * n, 10);"
    body += " for (let n = 60; n < 115; n += 1) hear(0.1 * n, Math.max(10, 5000 - 100 * (n - 60))); return clock.at(6);"
    assert run(module_page, "capture-clock", body) == pytest.approx(5000 + 6000 + 10)


def test_before_the_first_chunk_there_is_no_time(module_page: Page) -> None:
    """Without a time the page does not send the age of its audio."""
    assert run(module_page, "capture-clock", "return new m.CaptureClock().at(0) ?? null") is None


VOICES = """
    const voices = new m.Voices();
    const [ada, ben] = [{id: "ada"}, {id: "ben"}];
"""


def test_colours_follow_the_numbers_of_speakers(module_page: Page) -> None:
    """A person has the colour of their first speaker, whoever was seen first; one without a message is expected to be next."""
    body = """
        voices.heard(ben, {id: "s2", number: 2});
        const before = [voices.of(ben), voices.of(ada)];
        voices.heard(ada, {id: "s1", number: 1});
        voices.heard(ben, {id: "s3", number: 3});
        voices.heard({id: ""}, {id: "s9", number: 9});
        return [...before, voices.of(ada), voices.of(ben), voices.of({id: ""}, {id: "s9", number: 9})];
    """
    assert run(module_page, "voices", VOICES + body) == ["v1", "v2", "v0", "v1", "v0"]


def test_two_new_speakers_differ(module_page: Page) -> None:
    """While both are heard and neither has a message yet."""
    assert run(module_page, "voices", VOICES + "return [voices.of(ada), voices.of(ben), voices.of(ada)];") == ["v0", "v1", "v0"]
