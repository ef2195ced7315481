"""Transcripts as subtitles: SubRip (SRT) and WebVTT. Times are those of the conversation."""

from collections.abc import Iterable, Iterator

from insights.transcripts.lines import TranscriptLine

_LEAST_S = 0.001
"""A cue is never empty: players refuse a cue that ends when it begins."""


def srt(batches: Iterable[list[TranscriptLine]], *, speakers: bool) -> Iterator[str]:
    """Yield SRT, a piece per batch; cues are separated by an empty line. `speakers`: the name of the speaker before each text."""
    number, between = 0, ""
    for batch in batches:
        text = ""
        for line in batch:
            number += 1
            name = f"{_plain(line.speaker)}: " if speakers else ""
            text += f"{between}{number}\n{_span(line, ',')}\n{name}{_plain(line.text)}"
            between = "\n\n"
        yield text
    if number:
        yield "\n"


def vtt(batches: Iterable[list[TranscriptLine]], *, speakers: bool) -> Iterator[str]:
    """Yield WebVTT, a piece per batch. `speakers`: the speaker as the cue's voice."""
    yield "WEBVTT\n"
    for batch in batches:
        text = ""
        for line in batch:
            voice = f"<v {_escaped(line.speaker).replace('&gt;', '')}>" if speakers else ""
            text += f"\n{_span(line, '.')}\n{voice}{_escaped(line.text)}\n"
        yield text


def _span(line: TranscriptLine, mark: str) -> str:
    return f"{_clock(line.offset_s, mark)} --> {_clock(line.offset_s + max(line.duration_s, _LEAST_S), mark)}"


def _clock(seconds: float, mark: str) -> str:
    """Return a time such as 01:02:03,450."""
    whole = max(0, round(seconds * 1000))
    minutes, rest = divmod(whole, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _plain(text: str) -> str:
    """Return a text in one line without an arrow, which would be read as a time."""
    return " ".join(text.split()).replace("-->", "->")


def _escaped(text: str) -> str:
    return _plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
