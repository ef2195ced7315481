"""The documents match the code: packages, links, commands, pictures, the portal's routes."""

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class

from insights.portal.urls import urlpatterns

ROOT = Path(__file__).resolve().parents[2]
WINGS = ("config", "streaming", "insights")
PAGES = [*(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
DJANGO_OPTIONS = {one for action in BaseCommand().create_parser("manage.py", "x")._actions for one in action.option_strings}


def anchors(page: str) -> set[str]:
    """Return the anchors that a forge makes from a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def modules(wing: str) -> set[str]:
    """Return the first-level modules (`x.py`) and packages (`x/`) of a top-level package."""
    found = (ROOT / wing).iterdir()
    return {one.name if one.suffix == ".py" else f"{one.name}/" for one in found if one.is_dir() or one.suffix == ".py"} - {
        "__init__.py",
        "__pycache__/",
    }


def packages_in_table(wing: str) -> set[str]:
    """Return the names in the rows of the table of packages that belong to a top-level package."""
    text = (ROOT / "docs" / "architecture.md").read_text().split("## Packages")[1].split("\n## ")[0]
    named = set()
    for row in text.splitlines():
        cell = row.split("|")[1] if row.startswith("|") else ""
        named |= set(re.findall(rf"`{wing}/([\w.]+/?)`", cell))
        if f"`{wing}/`" in cell:
            named |= set(re.findall(r"`(\w+\.py)`", row))
    return named


@pytest.mark.parametrize("wing", WINGS)
def test_the_table_names_every_module_and_package(wing: str) -> None:
    """docs/architecture.md names exactly the existing first-level modules and packages."""
    assert packages_in_table(wing) == modules(wing)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_has_a_target(page: Path) -> None:
    """Links between documents, to headings and to pictures have a target."""
    dead = []
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            dead.append(f"{path}#{anchor}")
    assert dead == []


def test_every_page_is_linked_from_the_readme() -> None:
    """Links lead to every page, directly or over other pages; the directory of decisions lists them."""
    found, new = set(), {ROOT / "README.md"}
    while new:
        found |= new
        linked = {(page.parent / path).resolve() for page in new for path, _ in LINK.findall(page.read_text()) if path.endswith(".md")}
        new = linked - found
    assert {page for page in PAGES if page.parent.name != "adr"} - found == set()


def test_every_named_path_exists() -> None:
    """Every full path of a file or directory in the documents exists."""
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"`((?:config|streaming|insights|templates|tests)/[\w./-]*)`", text))
    assert len(named) > 50
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_command_exists() -> None:
    """Every command after `manage.py` or `make` in the documents exists."""
    text = "\n".join(page.read_text() for page in PAGES)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert {"serve", "stream", "createapp"} <= commands
    assert commands - set(get_commands()) == set()
    assert set(re.findall(r"`make ([a-z]+)", text)) - targets == set()


def test_our_commands_and_their_options_are_in_the_reference() -> None:
    """docs/reference/commands.md has a section for each command, with every option."""
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", (ROOT / "docs" / "reference" / "commands.md").read_text(), re.M | re.S))
    ours = {name: app for name, app in get_commands().items() if app in WINGS}
    assert set(ours) == set(sections)
    for name, app in ours.items():
        command = load_command_class(app, name)
        options = {one for action in command.create_parser("manage.py", name)._actions for one in action.option_strings}
        own = {one for one in options - DJANGO_OPTIONS if one.startswith("--")}
        assert [one for one in sorted(own) if f"`{one}`" not in sections[name]] == [], name


def test_the_readme_names_the_version() -> None:
    """The README has the version of pyproject.toml."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"Version {declared} " in (ROOT / "README.md").read_text()


def test_every_picture_is_used() -> None:
    """A document shows each file of docs/pictures."""
    text = "\n".join(page.read_text() for page in PAGES)
    assert [one.name for one in (ROOT / "docs" / "pictures").iterdir() if f"pictures/{one.name}" not in text] == []


def test_the_licence_of_every_package_is_named() -> None:
    """docs/licences.md has each pinned requirement of a server."""
    page = (ROOT / "docs" / "licences.md").read_text()
    pinned = "\n".join((ROOT / "requirements" / name).read_text() for name in ("runtime.txt", "models.txt"))
    packages = re.findall(r"^([\w.-]+)==", pinned, re.MULTILINE)
    assert len(packages) > 40
    assert [package for package in packages if f"`{package}`" not in page] == []


def test_the_portals_pages_are_listed() -> None:
    """docs/develop/portal.md has a row for every page of the portal."""
    rows = (ROOT / "docs" / "develop" / "portal.md").read_text()
    routes = [str(one.pattern) for one in urlpatterns]
    heads = {f"`/{re.split('[<]', route)[0].split('/')[0]}" for route in routes} - {"`/favicon.ico"}
    assert len(routes) > 10
    assert [head for head in heads if head not in rows] == []


def record_row(record: Path) -> tuple[str, str, str, str, str]:
    """Return number, file, title, status and date of a decision record; the status without links and up to a semicolon."""
    text = record.read_text()
    title = re.match(r"# (\d+)\. (.+)\n", text)
    status = re.search(r"^Status: (.+?)\. Date: (\d{4}-\d\d-\d\d)[.,]", text, re.MULTILINE)
    assert title, f"{record.name}: the first line is not `# <number>. <title>`"
    assert status, f"{record.name}: there is no line `Status: <status>. Date: <date>.`"
    return title[1], record.name, title[2], re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", status[1]).split(";")[0], status[2]


def test_the_index_of_decisions_has_each_record() -> None:
    """The index has each file in order, with its title, status and date."""
    folder = ROOT / "docs" / "adr"
    rows = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \| (.+) \| (.+) \| (.+) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    records = [record_row(record) for record in sorted(folder.glob("[0-9]*.md"))]
    assert rows == records
    assert all(int(number) == int(name[:4]) for number, name, *_ in records)
