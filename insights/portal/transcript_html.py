"""The HTML of a transcript's paragraphs.

Written here and not in a template: for the 2,000 sentences of a long meeting a template takes several times as long.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from insights import kind_words
from insights.payloads import iso
from insights.portal.transcript import MarkedInsight, Paragraph, ParagraphLine


def paragraphs_html(paragraphs: Iterable[Paragraph]) -> SafeString:
    """Return the items of the list of paragraphs."""
    return SafeString("".join(map(_paragraph, paragraphs)))


def _paragraph(one: Paragraph) -> str:
    name, voice = escape(one.face.name), one.face.voice
    change = escape(_("Change the speaker"))
    heading = f'<h3 class="chapter" id="chapter-{one.id}">{escape(one.chapter)}</h3>' if one.chapter else ""
    return (
        f'<li class="turn v{voice}" id="p-{one.id}" data-person="{one.person}">{heading}'
        f'<span class="avatar" aria-hidden="true">{escape(one.face.initials)}</span><div>'
        f'<p class="who"><button class="name" type="button" data-do="speaker" data-person="{one.person}" disabled data-waits="conversation"'
        f' title="{change}">{name}</button> '
        f'<a class="time" href="#m-{one.id}"><time datetime="{iso(one.started_at)}">{one.place}</time></a></p>'
        f'<p class="said">{"".join(_line(line) for line in one.lines)}</p></div></li>\n'
    )


def _line(line: ParagraphLine) -> str:
    kind = line.found[0].kind if line.found else None
    marked = f' data-kind="{escape(kind.name)}" data-colour="{kind.colour}"' if kind else ""
    found = " found" if kind else ""
    edited = f' <span class="tag">{escape(_("Edited"))}</span>' if line.edited else ""
    together = f' <span class="tag">{escape(_("Several at once"))}</span>' if line.overlap else ""
    english = f'<span class="translation" lang="en">{escape(line.english)}</span>' if line.english else ""
    return (
        f'<span class="message{found}" id="m-{line.id}" data-at="{line.at}"{marked} tabindex="-1">{escape(line.text)}</span>'
        f"{together}{edited}{''.join(_marks(line.found))} {english}"
    )


def _marks(found: Sequence[MarkedInsight]) -> Iterator[str]:
    """Yield the links from a sentence to its card, one for each kind of insight."""
    for one in found:
        label = escape(kind_words.label(one.kind))
        yield (
            f'<a class="mark" href="#i-{found[0].insight_id}" data-colour="{one.kind.colour}" title="{label}" aria-label="{label}">'
            f'<svg class="icon" aria-hidden="true"><use href="#i-{escape(one.kind.icon_id)}"/></svg></a>'
        )
