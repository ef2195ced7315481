"""Read and write the catalogues: `.po` files are the source, `.mo` files and the catalogues of scripts are made of them."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tools.translations.extract import ROOT, Text, texts_of_pages, texts_of_scripts

LANGUAGES = ("de",)
DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""The date in the header of compiled catalogues, which must not change from day to day."""
_VOLATILE = re.compile(
    rb'^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By)'
)
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|(?<!%)\{(\w+)\}|(%%)")
_TAG = re.compile(r"</?[a-z]+[^>]*>")


def source_of(language: str, domain: str) -> Path:
    """Return the `.po` file of a language; `domain` is `django` or `djangojs`."""
    return ROOT / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def script_of(language: str) -> Path:
    """Return the file with the texts of scripts that pages in this language load."""
    return ROOT / "insights" / "static" / "parley" / "texts" / f"{language}.js"


def read(language: str, domain: str) -> Catalog:
    """Return a catalogue; an empty one if there is no file yet."""
    file = source_of(language, domain)
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as source:
        return read_po(source, locale=language)


def updated(language: str, domain: str) -> Catalog:
    """Return the catalogue with exactly the texts that are marked now, each with its former translation."""
    former, made = read(language, domain), Catalog(locale=language, project="Parley", creation_date=DAY, revision_date=DAY)
    for one in _merged(texts_of_pages() if domain == "django" else texts_of_scripts()):
        text = (one.text, one.plural) if one.plural else one.text
        before = former.get(one.text, one.context or None)
        kept = before.string if before is not None and bool(before.pluralizable) == bool(one.plural) else None
        made.add(text, kept, locations=[(one.file, 1)], context=one.context or None)
    return made


def _merged(texts: Iterable[Text]) -> list[Text]:
    """Return each text once, with the first file in the order of names, in the order of files and texts."""
    first: dict[tuple[str, str], Text] = {}
    for one in sorted(set(texts), key=lambda one: (one.file, one.text, one.plural, one.context)):
        known = first.setdefault((one.text, one.context), one)
        if one.plural and not known.plural:
            first[one.text, one.context] = one
    return list(first.values())


def po_of(catalog: Catalog) -> bytes:
    """Return the content of a `.po` file, without what changes from day to day."""
    out = BytesIO()
    write_po(out, catalog, width=130, include_lineno=False, sort_by_file=False)
    lines = out.getvalue().split(b"\n")
    start = next(number for number, line in enumerate(lines) if line.startswith(b"msgid"))
    return b"\n".join(line for line in lines[start:] if not _VOLATILE.match(line))


def mo_of(catalog: Catalog) -> bytes:
    """Return the content of a `.mo` file."""
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def script_text_of(catalog: Catalog) -> str:
    """Return the script that gives the texts to `text.js`: a text, or a list of singular and plural, by the English text."""
    texts = {_key(one): one.string if isinstance(one.string, str) else list(one.string or ()) for one in catalog if one.id}
    body = json.dumps(texts, ensure_ascii=False, indent=0, sort_keys=True)
    source = f"locale/{catalog.locale}/LC_MESSAGES/djangojs.po"
    return f"// Made of {source} by `python -m tools.translations --write`.\nglobalThis.parleyTexts = {body};\n"


def _key(one: Message) -> str:
    return one.id if isinstance(one.id, str) else one.id[0]


def files(language: str) -> Iterator[tuple[Path, bytes]]:
    """Yield all files of a language with the content that they must have."""
    pages, scripts = updated(language, "django"), updated(language, "djangojs")
    yield source_of(language, "django"), po_of(pages)
    yield source_of(language, "django").with_suffix(".mo"), mo_of(pages)
    yield source_of(language, "djangojs"), po_of(scripts)
    yield script_of(language), script_text_of(scripts).encode()


def problems(catalog: Catalog) -> Iterator[str]:
    """Yield what is wrong with the translations of a catalogue: missing, uncertain, or with other placeholders or markup."""
    for one in catalog:
        if not one.id:
            continue
        originals = [one.id] if isinstance(one.id, str) else list(one.id)
        given = [one.string] if isinstance(one.string, str) else list(one.string or ())
        if one.fuzzy:
            yield f"{originals[0]!r} is marked as fuzzy"
        if not all(given) or len(given) != len(originals):
            yield f"{originals[0]!r} has no translation"
            continue
        for original, translated in zip(originals, given, strict=True):
            for what, of in (("placeholders", _placeholders), ("markup", lambda text: sorted(_TAG.findall(text)))):
                if of(original) != of(translated):
                    yield f"{original!r}: other {what} in {translated!r}"


def _placeholders(text: str) -> list[str]:
    return sorted({"".join(found) for found in _PLACEHOLDER.findall(text)})
