"""Topics of a growing conversation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import TopicIndex
from insights.analysis.topics import MARGIN, steady

TALK = [
    "Um, okay, so let's start with the delivery schedule.",
    "Yeah, right, the delivery schedule for the warehouse in Hamburg is late again.",
    "I think, you know, the warehouse needs a second forklift.",
    "The forklift costs too much.",
    "Okay. Yeah. Um.",
    "Then the delivery schedule stays, and the warehouse waits for the forklift.",
    "We saw one nice pelican.",
]


def _index(texts: list[str], sentiment: float = 0.0) -> TopicIndex:
    index = TopicIndex()
    for number, text in enumerate(texts):
        index.add(f"m{number}", text, sentiment)
    return index


def test_repeated_subjects_come_first() -> None:
    """Repeated subjects are first, with their messages, and scores fall from 1."""
    top = _index(TALK).top(3)
    assert {topic.text for topic in top} == {"delivery schedule", "warehouse", "forklift"}
    assert next(topic for topic in top if topic.text == "delivery schedule").message_ids == ("m0", "m1", "m5")
    assert top[0].score == 1.0
    assert [topic.score for topic in top] == sorted((topic.score for topic in top), reverse=True)


@pytest.mark.parametrize("address", ["tom at example dot com", "Tom@example.com", "docs.example.org", "www dot hotel dash alpine dot ch"])
def test_addresses_are_no_topics(address: str) -> None:
    """What is around an address stays a topic."""
    texts = [topic.text for topic in _index([f"Please send the contract to {address} of the warehouse."] * 3).top()]
    assert {"contract", "warehouse"} <= set(texts)
    assert not [text for text in texts for word in ("example", "dot", "alpine", "docs", "tom", "www") if word in text.lower()], texts


def test_fillers_are_never_topics() -> None:
    """Hesitations, discourse markers and function words are no topics, however frequent."""
    assert _index(["Um, yeah, okay, right, you know, I mean, so, well, actually, thanks."] * 20).top() == []


def test_sentiment_is_the_mean_of_its_messages() -> None:
    """The sentiment of a topic is the mean of its messages."""
    index = TopicIndex()
    index.add("a", "the forklift is great", 0.8)
    index.add("b", "the forklift is broken", -0.4)
    assert index.top(1)[0].sentiment == pytest.approx(0.2)


def test_a_broader_topic_is_the_parent() -> None:
    """A phrase that contains another topic has it as parent."""
    texts = [
        "the warehouse is cold",
        "a warehouse roof",
        "the warehouse roof leaks",
        "our warehouse",
        "that warehouse",
        "a warehouse roof again",
    ]
    parents = {topic.text: topic.parent for topic in _index(texts).top()}
    assert parents["warehouse roof"] == "warehouse"
    assert parents["warehouse"] is None


def test_names_keep_their_capitals() -> None:
    """A topic has its most frequent spelling."""
    assert "GPU" in {topic.text for topic in _index(["the GPU is hot", "buy a GPU"]).top()}
    assert {"Oslo", "ferry"} <= {topic.text for topic in _index(["Ferry from Oslo.", "Oslo has a ferry.", "we went to Oslo"]).top()}


def test_order_of_messages_does_not_matter_for_scores() -> None:
    """The index counts, so the order of messages changes no score."""
    forward = {topic.text: topic.score for topic in _index(TALK).top()}
    assert {topic.text: topic.score for topic in _index(TALK[::-1]).top()} == forward


def test_memory_is_bounded() -> None:
    """New words do not grow the index without limit, and repeated ones stay."""
    index = _index(["forklift and forklift"])
    for number in range(3000):
        index.add(f"n{number}", f"zq{number}a xw{number}b yv{number}c", 0.0)
    assert len(index._tallies) <= 5010
    assert "forklift" in {topic.text for topic in index.top(5000)}


def test_a_repeated_subject_overtakes_single_words() -> None:
    """A subject said once counts again when it is repeated after hundreds of single words."""
    index = _index(["our budget"])
    for number in range(800):
        index.add(f"n{number}", f"zq{number}a and yv{number}c", 0.0)
    for number in range(6):
        index.add(f"b{number}", "the budget", 0.0)
    best = index.top(1)[0]
    assert best.text == "budget"
    assert best.message_ids == ("m0", "b0", "b1", "b2", "b3", "b4", "b5")


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text(texts: list[str]) -> None:
    """No text raises an error, and scores stay in 0..1."""
    assert all(0 < topic.score <= 1 for topic in _index(texts).top())


def test_nouns_outrank_verbs() -> None:
    """Of equally frequent and rare words, one after 'the' scores higher than one after 'to'."""
    index = _index(["we have to frobnicate the gizmon", "I want to frobnicate a gizmon", "please frobnicate our gizmon"])
    scores = {topic.text: topic.score for topic in index.top()}
    assert scores["gizmon"] > 1.5 * scores.get("frobnicate", 0.0)


def test_no_fillers_and_no_slang() -> None:
    """Words of hesitation, agreement and opinion are no topics, however frequent."""
    index = _index(["mm-hm, um, okay, cool", "I'm gonna, like, wanna say wow", "uh-huh, weird, sorta cool", "yeah yep nope whatever"])
    assert index.top() == []


def test_a_short_call_has_things_as_topics() -> None:
    """Function words, verbs of talk and ordinals are no topics, and neither are the parts of a phrase, even if it was said once."""
    talk = [
        "Hello everybody, thanks for joining, I will keep it short.",
        "We have to decide about the heat pump by the twentieth of May.",
        "Ada will send the budget report tomorrow.",
        "I send the offer for the heat pump, and we decide on Friday the twentieth.",
    ]
    index, found = TopicIndex(), []
    for number, text in enumerate(talk):
        index.add(str(number), text, 0.0)
        found.append([topic.text for topic in index.top()])
    assert found == [[], ["heat pump"], ["heat pump", "budget report"], ["heat pump", "budget report", "offer"]]


@pytest.mark.parametrize(
    "text",
    [
        "Notice that we expect them to arrive and leave, then collect and deliver.",
        "It costs forty dollars a night, so we pay for two nights and three weeks.",
        "The twentieth suits us better than the twenty first.",
        "Okay so attach it, forward it and send it again.",
    ],
)
def test_what_is_no_thing(text: str) -> None:
    """Verbs, amounts, times and ordinals are no topics."""
    assert [topic.text for topic in _index([text, text]).top()] == []


def test_topics_keep_their_order_until_one_is_clearly_stronger() -> None:
    """A topic overtakes another one by a margin, and new topics take the place that their score gives them."""
    before = ["budget", "launch", "offer"]
    assert list(steady(before, {"budget": 0.8, "launch": 0.9, "offer": 0.3})) == before
    assert list(steady(before, {"budget": 0.6, "launch": 0.61 * MARGIN, "offer": 0.3})) == ["launch", "budget", "offer"]
    assert list(steady(before, {"budget": 0.8, "launch": 0.5, "offer": 0.3, "hiring": 0.6})) == ["budget", "hiring", "launch", "offer"]
    assert list(steady([], {"launch": 0.5, "budget": 1.0})) == ["budget", "launch"]


def test_steady_scores_have_the_order_of_the_topics() -> None:
    """Readers sort by score, so the scores fall strictly, and stay within 0 and 1."""
    scores = list(steady(["a", "b", "c"], {"a": 0.5, "b": 0.6, "c": 0.64, "d": 0.0}).values())
    assert scores == sorted(set(scores), reverse=True)
    assert all(0 <= score <= 1 for score in scores)
