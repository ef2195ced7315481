"""Private notes as the last part of a file that their author downloads."""

from collections.abc import Iterator, Sequence

from insights.models import Note
from insights.transcripts.markdown import escaped
from insights.transcripts.text import clock


def notes_text(heading: str, notes: Sequence[Note]) -> Iterator[str]:
    """Yield the notes as lines of a text, below a heading; nothing without notes."""
    if notes:
        yield f"\n{heading}\n" + "".join(f"- {note_line(one)}\n" for one in notes)


def notes_markdown(heading: str, notes: Sequence[Note]) -> Iterator[str]:
    """Yield the notes as a section of a Markdown document; nothing without notes."""
    if notes:
        yield f"\n\n## {heading}\n\n" + "".join(f"- {escaped(note_line(one))}\n" for one in notes)


def note_line(note: Note) -> str:
    """Return a note on one line, with its place: `0:42 Ask Ada`."""
    words = " ".join(note.text.split())
    return words if note.at_s is None else f"{clock(note.at_s)} {words}"
