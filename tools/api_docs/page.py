"""The text of the page: a section per call, with ids, times and secrets replaced by values that stay the same from run to run."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tools.api_docs.calls import START
from tools.api_docs.walk import CallResponse

WIDTH = 150
MOST_ITEMS = 2
"""Items of a list that are shown."""
MOST_LINES = 40
HEAD = """# Every REST call

This page has each REST call with a `curl` command, its response and its errors. [The REST reference](reference/rest.md) has tokens,
paging, redaction, limits and other rules that hold for several calls. Each section below links to its rules there. The page is
generated from a running server (`python -m tools.api_docs --write`).

The commands need these variables; each section says which further ones its response gives.

```sh
export PARLEY=http://localhost:8000 APP_ID=… APP_SECRET=…
```

Lists are cut after two items. Ids, times of the present and secrets are replaced. [What each error means](reference/rest.md#errors).
"""
RULES = {
    "Access": ("Authentication",),
    "Analytics": ("Analytics",),
    "Audio": ("Audio", "Redaction"),
    "Bookmarks": ("Bookmarks", "Redaction"),
    "Changes": ("Edits", "Changes"),
    "Conversations": ("Lists of conversations", "Filter", "Edits", "Deletions"),
    "Entities": ("Trackers and entities", "Shapes"),
    "Entities and vocabulary of the account": ("Custom entities",),
    "Events": ("Events",),
    "Experiences": ("Experiences",),
    "Exports": ("Exports",),
    "Groups of conversations": ("Groups", "Filter"),
    "Imports": ("Imports", "Jobs"),
    "Insights": ("Insights", "Edited insights", "Redaction", "Shapes"),
    "Jobs": ("Jobs",),
    "Language model": ("Language model",),
    "Members": ("Members and speakers", "Deletions"),
    "Messages": ("Messages", "Redaction", "Shapes", "Wording and extent of messages", "Deletions"),
    "Notes": ("Notes",),
    "Persons": ("Deletions",),
    "Summary": ("Summary", "Language model"),
    "Telephony": (),
    "Topics": ("Topics",),
    "Trackers": ("Trackers and entities", "Shapes"),
    "Trackers of the account": ("Trackers of the account",),
    "Transcript": ("Transcript", "Redaction", "Shapes"),
    "Voice profiles": ("Voice profiles",),
    "Webhooks": ("Webhooks",),
}
"""The headings of docs/reference/rest.md that have the rules of each subject."""
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_NUMBER = re.compile(r"\b[1-9][0-9]{15}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_SECRET = re.compile(r"\b(eyJ)[\w-]+\.[\w-]+\.[\w-]+|\b(whsec_)[\w+/=-]+|\b(msg_)[0-9a-f]{32}")


class Constants:
    """Values in place of those that differ from run to run: ids by the order in which they come."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ids: dict[str, str] = {}

    def replaced(self, text: str) -> str:
        """Return a text with the ids, times, secrets and addresses of a run replaced."""
        text = _SECRET.sub(lambda match: f"{match.group(match.lastindex or 0)}…", text.replace(self._url, "http://localhost:8000"))
        text = _UUID.sub(lambda match: self._id(match.group(), "00000000-0000-4000-8000-{:012}"), text)
        text = _NUMBER.sub(lambda match: self._id(match.group(), "10000000{:08}"), text)
        return _TIME.sub(lambda match: match.group() if match.group()[:8] == START[:8] else START, text)

    def _id(self, value: str, form: str) -> str:
        if value not in self._ids:
            self._ids[value] = form.format(len(self._ids) + 1)
        return self._ids[value]


def page(schema: Mapping[str, Any], answers: Iterable[CallResponse], url: str) -> str:
    """Return the page. Raises ValueError for an operation of the schema without an answer."""
    sections: dict[tuple[str, str], str] = {}
    tags: dict[str, list[tuple[str, str]]] = {}
    constants = Constants(url)
    for answer in answers:
        route = _route(schema, answer)
        operation = schema["paths"][route][answer.call.method.lower()]
        key = (answer.call.method, route)
        text = _section(key, operation, answer, constants)
        if key not in sections:  # calls that only wait for a job come again
            sections[key] = text
            tags.setdefault(operation["tags"][0], []).append(key)
    every = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}
    if missing := sorted(every - sections.keys()):
        raise ValueError(f"no call of these operations in tools/api_docs/calls.py: {missing}")
    parts = [HEAD]
    for tag, keys in tags.items():
        parts += [f"## {tag}\n", *_rules(tag), *(sections[key] for key in keys)]
    return "\n".join(parts)


def _rules(tag: str) -> list[str]:
    """Return the line with links to the rules of a subject; none for a subject without rules."""
    links = [f"[{heading}](reference/rest.md#{heading.lower().replace(' ', '-')})" for heading in RULES[tag]]
    return [f"Rules: {', '.join(links)}.\n"] if links else []


def _route(schema: Mapping[str, Any], answer: CallResponse) -> str:
    """Return the route of the schema for the path of a call, whose parameters may have other names."""
    if answer.call.path in schema["paths"]:
        return answer.call.path
    form = re.sub(r"\{\w+\}", "{}", answer.call.path)
    return next(str(route) for route in schema["paths"] if re.sub(r"\{\w+\}", "{}", route) == form)


def _section(key: tuple[str, str], operation: Mapping[str, Any], answer: CallResponse, constants: Constants) -> str:
    method, route = key
    description = operation.get("description", "").split("\n\nScope: ")
    lines = [f"### `{method} {route}`\n", " ".join(description[0].split()) or f"{operation['summary']}."]
    if len(description) > 1:
        lines[-1] += f" Scope: {description[1]}"
    query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    if query:
        lines.append(f"\nQuery: {', '.join(f'`{name}`' for name in query)}.")
    lines.append(f"\n```sh\n{answer.command}\n```\n")
    kind = answer.content_type.split(";")[0]
    if kind == "application/json":
        lines.append(f"Response {answer.status}:\n\n```json\n{_shown(json.loads(constants.replaced(answer.body.decode())))}\n```\n")
    else:
        lines.append(f"Response {answer.status}: {kind}.\n")
    if answer.call.saves:
        lines.append(f"Variables: {', '.join(f'`{name.upper()}` is `{place}`' for name, place in answer.call.saves.items())}.\n")
    errors = sorted(int(status) for status in operation["responses"] if int(status) >= 400)
    lines.append(f"Errors: {', '.join(map(str, errors))}.\n")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    lines = _text(_shortened(value), "").splitlines()
    return "\n".join(lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], "…"])


def _shortened(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shortened(one) for name, one in value.items()}
        case list() if len(value) > MOST_ITEMS:
            return [*map(_shortened, value[:MOST_ITEMS]), "…"]
        case list():
            return list(map(_shortened, value))
        case _:
            return value


def _text(value: Any, indent: str) -> str:
    """Return JSON on one line where it fits, else with a line per item."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{inner}{json.dumps(name)}: {_text(one, inner)}" for name, one in value.items()) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _text(one, inner) for one in value) + f"\n{indent}]"
