"""The timeline: rows, ticks, and how large it gets."""

from uuid import UUID, uuid4

from insights.models import Conversation
from insights.portal.faces import ShownPeople
from insights.portal.listing import Face
from insights.portal.timeline import MOST_LANES, TimelineMark, speech_of, timeline_of
from insights.queries import SpeechSpan
from tests.insights.portal.conftest import MakeConversation

UNKNOWN = Face("Unknown speaker", "?", 0)


def people(*names: str) -> tuple[ShownPeople, list[UUID]]:
    """Return people with these names, and their ids."""
    ids = [uuid4() for _ in names]
    return ShownPeople(
        [], {key: Face(name, name[0], number % 8) for number, (key, name) in enumerate(zip(ids, names, strict=True))}, UNKNOWN
    ), ids


def test_every_speaker_has_a_lane(make_conversation: MakeConversation) -> None:
    """A row is one path over the whole length; the order is that of joining."""
    known, (ada, bob) = people("Ada", "Bob")
    spans = [SpeechSpan(bob, 0, 72), SpeechSpan(ada, 72, 144), SpeechSpan(bob, 360, 720)]
    timeline = timeline_of(
        make_conversation(), spans, known, [TimelineMark("Questions", "blue", 360.0), TimelineMark("Questions", "blue", 72.0)]
    )
    assert timeline is not None
    assert timeline.seconds == 720
    assert [(row.face.name, row.path) for row in timeline.rows] == [
        ("Ada", "M100.0 7H200.0"),
        ("Bob", "M0.0 21H100.0M500.0 21H1000.0"),
    ]
    (ticks,) = timeline.ticks
    assert (ticks.label, ticks.count, ticks.path) == ("Questions", 2, "M100.0 32v14M500.0 32v14")
    assert timeline.height == 46


def test_the_other_speakers_share_a_lane(make_conversation: MakeConversation) -> None:
    """Only those who talked longest have a row of their own."""
    known, ids = people(*(f"P{number}" for number in range(MOST_LANES + 3)))
    spans = [SpeechSpan(key, 50.0 * number, 50.0 * number + number + 1) for number, key in enumerate(ids)]
    timeline = timeline_of(make_conversation(), spans, known, [])
    assert timeline is not None
    names = [row.face.name for row in timeline.rows]
    assert names == [*(f"P{number}" for number in range(3, MOST_LANES + 3)), "Others"]


def test_a_long_conversation_stays_small(make_conversation: MakeConversation) -> None:
    """Ten thousand sentences take a path of bounded length, since pauses below a unit are not drawn."""
    known, (ada,) = people("Ada")
    spans = [SpeechSpan(ada, float(number), number + 0.5) for number in range(10_000)]
    timeline = timeline_of(make_conversation(), spans, known, [])
    assert timeline is not None
    assert len(timeline.rows[0].path) < 20_000


def test_nothing_said_is_no_timeline(make_conversation: MakeConversation) -> None:
    """An empty conversation has none."""
    conversation: Conversation = make_conversation()
    assert timeline_of(conversation, [], people()[0], []) is None


def test_pauses_are_what_nobody_fills() -> None:
    """Speech of two people that overlaps is one stretch; short pauses belong to it."""
    ada, bob = uuid4(), uuid4()
    spans = [SpeechSpan(ada, 5, 9), SpeechSpan(bob, 0, 4), SpeechSpan(bob, 8, 12), SpeechSpan(ada, 20, 21)]
    assert speech_of(spans) == [(0, 12), (20, 21)]
