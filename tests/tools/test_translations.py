"""The catalogues of translations (docs/develop/translating.md)."""

import pytest
from django.conf import settings
from django.template.loader import get_template

from tools.translations.catalogues import LANGUAGES, files, problems, read
from tools.translations.extract import in_python, in_template
from tools.translations.unmarked import unmarked


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_catalogue_has_exactly_the_marked_texts(language: str) -> None:
    """`python -m tools.translations --write` would change neither a catalogue nor what is made of it."""
    stale = [file.name for file, content in files(language) if not file.exists() or file.read_bytes() != content]
    assert stale == [], "run `python -m tools.translations --write`, then translate what is new"


@pytest.mark.parametrize("domain", ["django", "djangojs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_has_a_translation_with_the_same_placeholders(language: str, domain: str) -> None:
    """No text is missing or fuzzy, and none has other placeholders or markup than the original."""
    catalogue = read(language, domain)
    assert len(catalogue) > 100
    assert list(problems(catalogue)) == []


def test_a_wrong_translation_is_a_problem() -> None:
    """A missing text, a fuzzy one, a lost placeholder and lost markup are found."""
    catalogue = read("de", "djangojs")
    catalogue.add("nothing", "")
    catalogue.add("unsure", "unsicher", flags=["fuzzy"])
    catalogue.add("%(name)s left", "weg")
    catalogue.add("{name} left", "{nome} weg")
    catalogue.add("<b>bold</b>", "fett")
    assert len(list(problems(catalogue))) == 5


def test_the_texts_of_a_template_are_found() -> None:
    """Plain texts, those inside of other tags, contexts, plurals, and percent signs as Django looks them up."""
    source = """{% translate "One" %} {% translate 'Two' context "button" %} {{ name|default:_("Three") }}
    {% include "x.html" with button=_("Four") %}{% translate name %}
    {% blocktranslate with a=b %}{{ a }} is 5%{% endblocktranslate %}
    {% blocktranslate count n=rows|length %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"""
    found = [(one.text, one.plural, one.context) for one in in_template(source, "x.html")]
    assert found == [
        ("One", "", ""),
        ("Two", "", "button"),
        ("Three", "", ""),
        ("Four", "", ""),
        ("%(a)s is 5%%", "", ""),
        ("%(n)s row", "%(n)s rows", ""),
    ]


def test_the_texts_of_a_module_are_found() -> None:
    """The functions of Django with one text, with a plural, and with a context."""
    source = 'a = _("One") + ngettext("%d row", "%d rows", n) + pgettext("list", "and") + gettext_lazy("joined " "text") + gettext(name)'
    found = sorted((one.text, one.plural, one.context) for one in in_python(source, "x.py"))
    assert found == [("%d row", "%d rows", ""), ("One", "", ""), ("and", "", "list"), ("joined text", "", "")]


def test_every_template_can_be_compiled() -> None:
    """Tags of translations that are nested or not closed are found before a page needs them."""
    folder = settings.BASE_DIR / "templates"
    files = sorted(folder.rglob("*.html"))
    assert files
    for file in files:
        get_template(file.relative_to(folder).as_posix())


def test_every_text_of_a_template_is_marked() -> None:
    """Texts and attributes that are read out are inside of tags of translation."""
    folder = settings.BASE_DIR / "templates"
    found = {file.name: texts for file in sorted(folder.rglob("*.html")) if (texts := unmarked(file.read_text()))}
    assert found == {}


def test_an_unmarked_text_is_found() -> None:
    """A text, an attribute, and a text beside a marked one; not a value, code, a class, or what is marked."""
    source = """{% block main_class %}wide{% endblock %}<p title="Save it">Hello {{ name }}</p><code>curl</code>
    <a class="big" href="/x/">{% translate "Save" %} now</a>{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}"""
    assert unmarked(source) == ["Save it", "Hello", "now"]
