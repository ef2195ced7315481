"""Transcripts as Word documents (docx).

python-docx makes the file with its styles and its title; the paragraphs are written as XML, because its objects take about a
millisecond for each.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from insights.redaction import MASK
from insights.transcripts.lines import TranscriptLine
from insights.transcripts.text import OVERLAP, clock

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_BODY = "word/document.xml"


def docx(
    title: str, subtitle: str, batches: Iterable[list[TranscriptLine]], after: Iterable[tuple[str, str]] = (), *, speakers: bool = True
) -> bytes:
    """Return the document: a title, a heading with name and time before each turn if `speakers`, and the messages.

    `after`: further paragraphs behind the transcript, each a style (`Heading 2`, `List Bullet`) and a text.
    """
    from docx import Document  # takes 0.2 s, which no process needs before its first document

    empty = Document()
    empty.core_properties.title = _allowed(title)[:255]
    empty.core_properties.author = empty.core_properties.comments = ""
    empty.add_heading(_allowed(title), level=0)
    if subtitle:
        empty.add_paragraph(_allowed(subtitle))
    names = {style.name: style.style_id for style in empty.styles}
    made, filled = BytesIO(), BytesIO()
    empty.save(made)
    with ZipFile(made) as source, ZipFile(filled, "w", ZIP_DEFLATED) as target:
        for part in source.infolist():
            if part.filename != _BODY:
                target.writestr(part, source.read(part))
                continue
            before, mark, behind = source.read(part).decode().rpartition("<w:sectPr")
            with target.open(part.filename, "w") as body:
                body.write(before.encode())
                for paragraphs in _paragraphs(batches, after, names, speakers):
                    body.write(paragraphs.encode())
                body.write((mark + behind).encode())
    return filled.getvalue()


def _paragraphs(
    batches: Iterable[list[TranscriptLine]], after: Iterable[tuple[str, str]], styles: dict[str, str], speakers: bool
) -> Iterator[str]:
    first: TranscriptLine | None = None
    for batch in batches:
        text = ""
        for line in batch:
            if speakers and line.begins_turn(first):
                first = line
                text += _paragraph(f"{line.speaker} [{clock(line.offset_s)}]", styles["Heading 3"])
            text += _paragraph(f"{line.text} {OVERLAP}" if line.overlap else line.text, "", line.phrases)
        yield text
    yield "".join(_paragraph(text, styles[style]) for style, text in after)


def _paragraph(text: str, style: str, phrases: tuple[str, ...] = ()) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}{''.join(_runs(_allowed(text), tuple(map(_allowed, phrases))))}</w:p>"


def _runs(text: str, phrases: tuple[str, ...]) -> Iterator[str]:
    """Yield the runs of a paragraph: each phrase is highlighted where it occurs first."""
    at = 0
    for start, end in sorted((text.find(phrase), text.find(phrase) + len(phrase)) for phrase in phrases if phrase.strip(f"{MASK} ")):
        if start >= at:
            yield _run(text[at:start])
            yield _run(text[start:end], '<w:rPr><w:highlight w:val="yellow"/></w:rPr>')
            at = end
    yield _run(text[at:])


def _run(text: str, properties: str = "") -> str:
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""


def _allowed(text: str) -> str:
    """Return a text without the characters that XML 1.0 forbids."""
    return "".join(
        char for char in text if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"
    )
