"""The OpenAPI schema as groups of calls for the page at /api/docs. Pure functions."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
_REFERENCE = "#/components/schemas/"
_SCOPE = re.compile(r"\n*Scope: `(\w+)`\.")
_TYPES = {"string": "text", "boolean": "true or false", "object": "object", "null": "null"}
_FORMATS = {"uuid": "UUID", "date-time": "time in ISO 8601", "date": "date", "binary": "file"}
_DEEPEST = 4
"""Levels of objects in an example."""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of a call (`place`: path, query or header), or a field of an object. `links`: the objects that its type names."""

    name: str
    type: str
    required: bool
    about: str
    place: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A response without an error: its status, and its type."""

    status: str
    about: str
    type: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentedCall:
    """One operation. `errors`: the statuses of its errors."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    scope: str
    fields: tuple[Field, ...]
    body: str
    body_links: tuple[str, ...]
    responses: tuple[Response, ...]
    errors: tuple[str, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Structure:
    """An object of requests and responses."""

    name: str
    about: str
    type: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The calls of one subject, and the objects that they use."""

    name: str
    anchor: str
    calls: tuple[DocumentedCall, ...]
    structures: tuple[Structure, ...]


def groups_of(schema: Json) -> list[Group]:
    """Return the groups in the order of the schema."""
    schemas = schema["components"]["schemas"]
    operations: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            operations.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return [_group(name, found, schemas) for name, found in operations.items()]


def _group(name: str, operations: Sequence[tuple[str, str, Json]], schemas: Json) -> Group:
    calls = tuple(_call(method, path, operation, schemas) for method, path, operation in operations)
    names = dict.fromkeys(one for _, _, operation in operations for one in _names_in(operation))
    waiting = list(names)
    while waiting:
        for one in _names_in(schemas[waiting.pop()]):
            if one not in names:
                names[one] = None
                waiting.append(one)
    return Group(name, _anchor(name), calls, tuple(_structure(one, schemas[one]) for one in sorted(names)))


def _call(method: str, path: str, operation: Json, schemas: Json) -> DocumentedCall:
    scope = _SCOPE.search(text := operation.get("description", ""))
    responses = {str(status): response for status, response in operation["responses"].items()}
    content = (operation.get("requestBody") or {}).get("content", {})
    body: Json = next((one.get("schema", {}) for one in content.values()), {})
    return DocumentedCall(
        anchor=_anchor(f"{method} {path}"),
        method=method,
        path=path,
        summary=operation["summary"],
        about=_SCOPE.sub("", text).strip(),
        scope=scope[1] if scope else "",
        fields=tuple(_parameter(one) for one in operation.get("parameters", ())),
        body=_type(body) if body else "",
        body_links=tuple(_names_in(body)),
        responses=tuple(_response(status, one) for status, one in responses.items() if status < "400"),
        errors=tuple(sorted(status for status in responses if status >= "400")),
        curl=_curl(method, path, operation, content, schemas),
    )


def _parameter(one: Json) -> Field:
    schema = one.get("schema", {})
    about = one.get("description") or schema.get("description", "")
    return Field(one["name"], _type(schema), bool(one.get("required")), about, one["in"], tuple(_names_in(schema)))


def _response(status: str, response: Json) -> Response:
    content = response.get("content", {})
    kind, schema = next(((kind, one.get("schema", {})) for kind, one in content.items()), ("", {}))
    return Response(status, response.get("description", ""), _type(schema) if schema else kind, tuple(_names_in(schema)))


def _structure(name: str, schema: Json) -> Structure:
    required = schema.get("required", ())
    fields = tuple(
        Field(field, _type(one), field in required, one.get("description", ""), links=tuple(_names_in(one)))
        for field, one in schema.get("properties", {}).items()
    )
    return Structure(name, schema.get("description", ""), "" if fields else _type(schema), fields)


def _type(schema: Json) -> str:
    """Return a type and its limits in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(map(_type, schema[several])))
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}{_limits(schema, 'minItems', 'maxItems', ' items')}"
    name = _FORMATS.get(schema.get("format", ""), _TYPES.get(str(kind), str(kind)))
    return name + _limits(schema, "minimum", "maximum", "") + _limits(schema, "minLength", "maxLength", " characters")


def _limits(schema: Json, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low is not None and high is not None:
        return f", {low} to {high}{unit}"
    if high is not None:
        return f", at most {high}{unit}"
    return f", at least {low}{unit}" if low is not None else ""


def _names_in(value: Any) -> Iterator[str]:
    """Yield the names of the objects that a part of the schema refers to."""
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield str(value["$ref"]).removeprefix(_REFERENCE)
        for one in value.values():
            yield from _names_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _names_in(one)


def _curl(method: str, path: str, operation: Json, content: Json, schemas: Json) -> str:
    """Return the command of a call, with its required parameters and fields."""
    needed = [one for one in operation.get("parameters", ()) if one.get("required") and one["in"] == "query"]
    query = "&".join(f"{one['name']}={_example(one.get('schema', {}), schemas)}" for one in needed)
    address = re.sub(r"{(\w+)}", lambda found: f"${found[1].upper()}", path)
    verb = f"curl -X {method}" if method != "GET" else "curl"
    parts = [f'{verb} "$PARLEY{address}{"?" if query else ""}{query}"']
    if operation.get("security"):
        parts.append('-H "Authorization: Bearer $TOKEN"')
    for kind, one in list(content.items())[:1]:
        if kind == "multipart/form-data":
            parts += [f"-F {name}={value}" for name, value in _form_example(one.get("schema", {}), schemas)]
            continue
        parts.append(f'-H "Content-Type: {kind}"')
        body = json.dumps(_example(one.get("schema", {}), schemas), ensure_ascii=False)
        parts.append(f"-d '{body}'" if kind == "application/json" else "--data-binary @file")
    return " \\\n  ".join(parts)


def _form_example(schema: Json, schemas: Json) -> Iterator[tuple[str, Any]]:
    """Yield the required fields of a form, as curl takes them."""
    for name in schema.get("required", ()):
        field = schema["properties"][name]
        yield name, "@file" if field.get("format") == "binary" else _example(field, schemas)


def _example(schema: Json, schemas: Json, depth: int = 0) -> Any:
    """Return a value of a type: of objects, the required fields."""
    if "$ref" in schema:
        return _example(schemas[str(schema["$ref"]).removeprefix(_REFERENCE)], schemas, depth)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _example(schema[several][0], schemas, depth)
    for given in ("example", "const"):
        if given in schema:
            return schema[given]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if depth < _DEEPEST:
            properties = schema.get("properties", {})
            return {name: _example(properties[name], schemas, depth + 1) for name in schema.get("required", ()) if name in properties}
        case "array" if depth < _DEEPEST:
            return [_example(schema.get("items", {}), schemas, depth + 1)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "string":
            return "https://example.com/" if "https?" in schema.get("pattern", "") else "…"
        case _:
            return {}


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
