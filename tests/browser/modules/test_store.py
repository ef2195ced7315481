"""What the live page knows: the store of the conversation, the colours of speakers, the connection."""

import pytest
from playwright.sync_api import Page

from tests.browser.modules.running import run

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
    """The delay until the next try is below 2 s, however long the server is unreachable; for a full server it is longer."""
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
