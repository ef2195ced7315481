"""The values of entities in the API: one text, or a start and an end."""

from insights.snapshots import Payload

_KEYS = ("seconds", "datetime", "name", "amount", "percent", "number", "email", "phone", "url")


def shown(value: Payload) -> dict[str, str | None]:
    """Return {value, start, end} as texts: `start` and `end` for a range, else `value`; the others are None."""
    if "start" in value and "end" in value:
        return {"value": None, "start": str(value["start"]), "end": str(value["end"])}
    text = next((_plain(value[key]) for key in _KEYS if key in value), None)
    if text is not None and "currency" in value:
        text = f"{text} {value['currency']}"
    return {"value": text, "start": None, "end": None}


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)
