"""The transcript of a conversation as one text: Markdown and SRT as Symbl documents them, and further formats."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from insights.api.paging import of_conversation, responses
from insights.api.redaction import Redaction, redactor
from insights.api.shapes import Shape, shape_of
from insights.json_text import array_of
from insights.models import Conversation
from insights.redaction import Redactor
from insights.transcripts import subtitles, word
from insights.transcripts.lines import Highlight, TranscriptLine, lines_of, texts_of
from insights.transcripts.markdown import markdown, plain_markdown
from insights.transcripts.text import line_json, text
from insights.transcripts.transcript_formats import TranscriptFormat

router = Router(tags=["Transcript"])


class PhrasesIn(Schema):
    """The phrases to highlight. If both are true, all are."""

    highlightOnlyInsightKeyPhrases: bool = False
    highlightAllKeyPhrases: bool = False


class TranscriptIn(Redaction):
    """What the transcript shows. `createParagraphs` and `phrases` count for Markdown, `phrases` also for Word."""

    contentType: TranscriptFormat
    createParagraphs: bool = Field(False, description="A break after each message instead of a space.")
    phrases: PhrasesIn | None = None
    showSpeakerSeparation: bool = Field(False, description="The name of the speaker before each message.")


class TranscriptBody(Schema):
    """The transcript. `payload`: a text; an object with `content` and `contentType` for SRT; a list of lines for JSON; Base64 for Word."""

    payload: Any
    contentType: str | None = None
    encoding: str | None = Field(None, description="base64 for Word documents.")


class TranscriptOut(Schema):
    """A transcript. `warnings`: options that have no effect on this content type."""

    transcript: TranscriptBody
    warnings: list[str] | None = None


@router.post(
    "/v1/conversations/{conversation_id}/transcript", response=responses(TranscriptOut), exclude_none=True, summary="Make a transcript"
)
def create_transcript(
    request: HttpRequest, conversation_id: str, body: TranscriptIn, redaction: Query[Redaction], shape: Shape | None = None
) -> HttpResponseBase:
    """Return the transcript in the requested format. Personal data is hidden if the query or the body says `redact`."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        wanted = Redaction(redact=redaction.redact or body.redact, exclude=redaction.exclude + body.exclude)
        made = _Transcript(conversation, body, redactor(conversation, wanted), shape_of(request, shape))
        return made.response()

    return of_conversation(request, conversation_id, pieces)


@dataclass(frozen=True, slots=True)
class _Transcript:
    """One requested transcript."""

    conversation: Conversation
    wanted: TranscriptIn
    redactor: Redactor | None
    shape: Shape

    def response(self) -> Iterator[str]:
        """Yield the JSON text of a TranscriptOut."""
        kind = json.dumps(self.wanted.contentType)
        yield '{"transcript": {'
        match self.wanted.contentType:
            case TranscriptFormat.SRT if self.shape is Shape.DOCUMENTED:
                yield '"payload": {"content": "'
                yield from self._quoted(subtitles.srt(self._lines(), speakers=self.wanted.showSpeakerSeparation))
                yield f'", "contentType": {kind}}}}}'
            case TranscriptFormat.JSON:
                yield from array_of(self._lines(), line_json, '"payload": [', "]")
                yield f', "contentType": {kind}}}'
            case TranscriptFormat.DOCX:
                document = word.docx(self.conversation.name, "", self._lines(), speakers=self.wanted.showSpeakerSeparation)
                yield f'"payload": "{b64encode(document).decode()}", "encoding": "base64", "contentType": {kind}}}'
            case TranscriptFormat.MARKDOWN | TranscriptFormat.SRT | TranscriptFormat.VTT | TranscriptFormat.TEXT:
                yield '"payload": "'
                yield from self._quoted(self._text())
                yield f'", "contentType": {kind}}}'
            case unknown:
                assert_never(unknown)
        warnings = list(self._warnings())
        yield f', "warnings": {json.dumps(warnings)}}}' if warnings else "}"

    def _text(self) -> Iterator[str]:
        speakers = self.wanted.showSpeakerSeparation
        match self.wanted.contentType:
            case TranscriptFormat.MARKDOWN if self._highlight() is Highlight.NONE and self.redactor is None:
                return plain_markdown(texts_of(self.conversation), paragraphs=self.wanted.createParagraphs, speakers=speakers)
            case TranscriptFormat.MARKDOWN:
                return markdown(self._lines(), paragraphs=self.wanted.createParagraphs, speakers=speakers)
            case TranscriptFormat.SRT:
                return subtitles.srt(self._lines(), speakers=speakers)
            case TranscriptFormat.VTT:
                return subtitles.vtt(self._lines(), speakers=speakers)
            case _:
                return text(self._lines(), speakers=speakers)

    def _quoted(self, pieces: Iterator[str]) -> Iterator[str]:
        """Yield the inside of a JSON string."""
        for piece in pieces:
            yield json.dumps(piece)[1:-1]

    def _lines(self) -> Iterator[list[TranscriptLine]]:
        return lines_of(self.conversation, self._highlight(), self.redactor, full=self.wanted.contentType is TranscriptFormat.JSON)

    def _highlight(self) -> Highlight:
        phrases = self.wanted.phrases
        if phrases is None or self.wanted.contentType not in _HIGHLIGHTED:
            return Highlight.NONE
        if phrases.highlightAllKeyPhrases:
            return Highlight.ALL
        return Highlight.INSIGHTS if phrases.highlightOnlyInsightKeyPhrases else Highlight.NONE

    def _warnings(self) -> Iterator[str]:
        phrases, kind = self.wanted.phrases, self.wanted.contentType
        if phrases and (phrases.highlightAllKeyPhrases or phrases.highlightOnlyInsightKeyPhrases) and kind not in _HIGHLIGHTED:
            yield f"phrases: has no effect on {kind}; use {TranscriptFormat.MARKDOWN}"
        if self.wanted.createParagraphs and kind is not TranscriptFormat.MARKDOWN:
            yield f"createParagraphs: has no effect on {kind}; use {TranscriptFormat.MARKDOWN}"


_HIGHLIGHTED = (TranscriptFormat.MARKDOWN, TranscriptFormat.DOCX)
