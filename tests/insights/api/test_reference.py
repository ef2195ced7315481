"""The OpenAPI schema as groups of calls: types, limits, objects and commands."""

from typing import Any

from insights.api.reference import groups_of

THING = {
    "type": "object",
    "required": ["name", "kind"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 20, "description": "How it is called."},
        "kind": {"enum": ["a", "b"]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}, "maxItems": 3},
    },
}
SCHEMA: dict[str, Any] = {
    "paths": {
        "/v1/things/{thing_id}": {
            "put": {
                "tags": ["Things"],
                "summary": "Change a thing",
                "description": "Replace it.\n\nScope: `write`.",
                "security": [{"Bearer": []}],
                "parameters": [
                    {"in": "path", "name": "thing_id", "required": True, "schema": {"type": "string", "format": "uuid"}},
                    {"in": "query", "name": "limit", "required": True, "schema": {"type": "integer", "minimum": 1, "maximum": 9}},
                    {"in": "query", "name": "after", "schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {
                    200: {"description": "OK", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"description": "Not Found"},
                    "400": {"description": "Bad Request"},
                },
            }
        },
        "/v1/other": {"get": {"tags": ["Others"], "summary": "Read", "responses": {"204": {"description": "No Content"}}}},
    },
    "components": {"schemas": {"Thing": THING, "Part": {"type": "object", "description": "A part."}, "Unused": {}}},
}


def test_a_call() -> None:
    """It has its parameters with types and limits, its scope, its errors, and a command with what is required."""
    things, others = groups_of(SCHEMA)
    (call,) = things.calls
    assert (call.method, call.path, call.about, call.scope, call.errors) == (
        "PUT",
        "/v1/things/{thing_id}",
        "Replace it.",
        "write",
        ("400", "404"),
    )
    assert [(one.name, one.place, one.type, one.required) for one in call.fields] == [
        ("thing_id", "path", "UUID", True),
        ("limit", "query", "integer, 1 to 9", True),
        ("after", "query", "text or null", False),
    ]
    assert call.body == "Thing"
    assert [(one.status, one.type) for one in call.responses] == [("200", "Thing")]
    assert call.curl.splitlines() == [
        'curl -X PUT "$PARLEY/v1/things/$THING_ID?limit=1" \\',
        '  -H "Authorization: Bearer $TOKEN" \\',
        '  -H "Content-Type: application/json" \\',
        '  -d \'{"name": "…", "kind": "a"}\'',
    ]
    assert others.calls[0].curl == 'curl "$PARLEY/v1/other"'


def test_a_group_has_the_objects_that_its_calls_use() -> None:
    """Also those that are only in other objects, and no others."""
    things, others = groups_of(SCHEMA)
    assert [one.name for one in things.structures] == ["Part", "Thing"]
    assert [(one.name, one.type, one.links) for one in things.structures[1].fields] == [
        ("name", "text, 1 to 20 characters", ()),
        ("kind", '"a" | "b"', ()),
        ("parts", "list of Part, at most 3 items", ("Part",)),
    ]
    assert others.structures == ()
