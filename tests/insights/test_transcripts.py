"""The formats of transcripts."""

from io import BytesIO

import pytest
from docx import Document

from insights.transcripts import subtitles
from insights.transcripts.lines import TranscriptLine
from insights.transcripts.markdown import markdown, plain_markdown
from insights.transcripts.text import text
from insights.transcripts.word import docx


def line(speaker: str, said: str, at: float, *phrases: str, seconds: float = 2.0) -> TranscriptLine:
    """Return a line."""
    return TranscriptLine(speaker, said, at, seconds, phrases)


LINES = [
    [line("Ada", "I will <call> R&D, then call R&D.", 1.5, "call R&D", "call R&D, then call R&D")],
    [line("Ada", "Good.", 4.0), line("Bob --> x", "Fine\nthen.", 3723.45, "****", seconds=0.0)],
]


LINKS = [line("![x](//a)", "See [b](//c) ![d][e]\n[e]: //f", 0, "See [b](//c)"), line("[e]", "//f", 1)]


def test_markdown_as_documented() -> None:
    """Breaks separate messages; with speakers, each message ends with one. Phrases are marked, markup in words is escaped."""
    first = "I will &lt;call&gt; R&amp;D, then <mark>call R&amp;D</mark>."
    lines = [[line("Ada", "I will <call> R&D, then call R&D.", 1.5, "call R&D")], LINES[1]]
    assert "".join(markdown(lines, paragraphs=True, speakers=False)) == f"{first}<br/><br/>Good.<br/><br/>Fine\nthen."
    assert "".join(markdown(lines, paragraphs=False, speakers=False)) == f"{first} Good. Fine\nthen."
    with_speakers = "".join(markdown(lines, paragraphs=True, speakers=True))
    assert with_speakers == f"Ada: {first}<br/><br/>Ada: Good.<br/><br/>Bob --&gt; x: Fine\nthen.<br/><br/>"
    assert list(markdown([], paragraphs=True, speakers=True)) == []


def test_no_link_or_image_in_markdown() -> None:
    """A guest's name and imported words make nobody's viewer load a picture; phrases in them are still marked."""
    found = "".join(markdown([LINKS], paragraphs=True, speakers=True))
    assert "](" not in found
    assert "]:" not in found
    assert found.startswith("![x]\\(//a): <mark>See [b]\\(//c)</mark> ")


@pytest.mark.parametrize("speakers", [True, False])
@pytest.mark.parametrize("paragraphs", [True, False])
def test_markdown_without_phrases(paragraphs: bool, speakers: bool) -> None:
    """Speakers and texts alone make the same transcript as lines without phrases."""
    lines = [[one._replace(phrases=()) for one in batch] for batch in [*LINES, LINKS]]
    texts = [[(one.speaker, one.text) for one in batch] for batch in lines]
    shown = "".join(plain_markdown(texts, paragraphs=paragraphs, speakers=speakers))
    assert shown == "".join(markdown(lines, paragraphs=paragraphs, speakers=speakers))
    assert "R&amp;D" in shown
    assert "](" not in shown


def test_the_longest_phrase_is_marked() -> None:
    """A phrase inside another gets no mark of its own."""
    one = line("Ada", "I will call her and call him.", 0, "call her", "call her and call him")
    assert "".join(markdown([[one]], paragraphs=True, speakers=False)) == "I will <mark>call her and call him</mark>."


def test_srt() -> None:
    """Cues are numbered, times have hours and milliseconds, a cue has a length and one line, and no arrow is in a text."""
    assert "".join(subtitles.srt(LINES, speakers=True)) == (
        "1\n00:00:01,500 --> 00:00:03,500\nAda: I will <call> R&D, then call R&D.\n\n"
        "2\n00:00:04,000 --> 00:00:06,000\nAda: Good.\n\n"
        "3\n01:02:03,450 --> 01:02:03,451\nBob -> x: Fine then.\n"
    )
    assert "".join(subtitles.srt([], speakers=True)) == ""


def test_vtt() -> None:
    """A cue names its speaker as voice, and markup is escaped."""
    assert "".join(subtitles.vtt(LINES, speakers=True)) == (
        "WEBVTT\n\n00:00:01.500 --> 00:00:03.500\n<v Ada>I will &lt;call&gt; R&amp;D, then call R&amp;D.\n"
        "\n00:00:04.000 --> 00:00:06.000\n<v Ada>Good.\n"
        "\n01:02:03.450 --> 01:02:03.451\n<v Bob - x>Fine then.\n"
    )
    assert "".join(subtitles.vtt([[line("Ada", "Good.", 0)]], speakers=False)).endswith("\nGood.\n")


def test_text() -> None:
    """A turn has a heading; another speaker begins a turn."""
    assert "".join(text(LINES)) == ("\nAda [0:01]\nI will <call> R&D, then call R&D.\nGood.\n\nBob --> x [1:02:03]\nFine\nthen.\n")
    assert "".join(text(LINES, speakers=False)) == "I will <call> R&D, then call R&D.\nGood.\nFine\nthen.\n"


def test_a_word_document_can_be_opened() -> None:
    """The document has title, turns, highlighted phrases and further paragraphs, and no character that XML forbids."""
    lines = [[line("Ada", "I will <call> R&D\x0b, then send it.", 1.5, "send it")], LINES[1]]
    made = docx("Plan\x00ning <1>", "2 March", lines, [("Heading 1", "Insights"), ("List Bullet", "Action item: call & send")])
    document = Document(BytesIO(made))
    assert [(one.style.name if one.style else "", one.text) for one in document.paragraphs] == [
        ("Title", "Planning <1>"),
        ("Normal", "2 March"),
        ("Heading 3", "Ada [0:01]"),
        ("Normal", "I will <call> R&D, then send it."),
        ("Normal", "Good."),
        ("Heading 3", "Bob --> x [1:02:03]"),
        ("Normal", "Fine\nthen."),
        ("Heading 1", "Insights"),
        ("List Bullet", "Action item: call & send"),
    ]
    assert [run.text for run in document.paragraphs[3].runs if run.font.highlight_color] == ["send it"]
    assert document.core_properties.title == "Planning <1>"
