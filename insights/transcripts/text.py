"""Transcripts as plain text and as JSON objects."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext_lazy

from insights.payloads import iso
from insights.transcripts.lines import TranscriptLine

OVERLAP = gettext_lazy("[several people at once]")
"""What follows a message in which another person speaks at the same time."""


def clock(seconds: float) -> str:
    """Return a position in a recording: `0:07`, `12:30`, `1:02:03`."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def text(batches: Iterable[list[TranscriptLine]], *, speakers: bool = True) -> Iterator[str]:
    """Yield the transcript, a piece per batch, one line per message. `speakers`: a heading with name and time before each turn."""
    first: TranscriptLine | None = None
    for batch in batches:
        piece = ""
        for line in batch:
            if speakers and line.begins_turn(first):
                first = line
                piece += f"\n{line.speaker} [{clock(line.offset_s)}]\n"
            piece += f"{line.text} {OVERLAP}\n" if line.overlap else f"{line.text}\n"
        yield piece


def line_json(line: TranscriptLine) -> dict[str, object]:
    """Return the JSON object of a line that was read with `full`."""
    return {
        "messageId": line.id,
        "speaker": line.speaker,
        "text": line.text,
        "startTime": iso(line.started_at) if line.started_at else "",
        "timeOffset": round(line.offset_s, 2),
        "duration": round(line.duration_s, 2),
        **({"overlap": True} if line.overlap else {}),
    }
