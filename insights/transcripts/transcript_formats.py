"""The formats of transcripts: their content types, and the file endings of downloads."""

from enum import StrEnum

from insights.transcripts.word import CONTENT_TYPE


class TranscriptFormat(StrEnum):
    """A format, named by its content type."""

    MARKDOWN = "text/markdown"
    SRT = "text/srt"
    VTT = "text/vtt"
    TEXT = "text/plain"
    JSON = "application/json"
    DOCX = CONTENT_TYPE
