"""Writes models in the ONNX format (a Protocol Buffer), as far as this project builds or cuts models, and reads their constants.

The functions that write return encoded parts: field numbers are those of the messages in onnx.proto.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7
"""Types of tensors."""
DTYPES: Mapping[int, "np.dtype[Any]"] = {
    kind: np.dtype(name) for kind, name in ((FLOAT, "<f4"), (UINT8, "u1"), (INT8, "i1"), (INT64, "<i8"))
}
"""The types of numpy for the types of tensors."""
_IR_VERSION = 8
STANDARD_OPERATIONS: Mapping[str, int] = {"": 17}
"""The domain of the standard operations, and their version."""
_KINDS = {dtype: kind for kind, dtype in DTYPES.items()}
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_STRING, _ATTRIBUTE_INTS = 1, 2, 3, 7


def number(field: int, value: int) -> bytes:
    """Return a field that holds a whole number."""
    return _varint(field << 3) + _varint(value)


def message(field: int, content: bytes) -> bytes:
    """Return a field that holds a message or bytes."""
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def text(field: int, value: str) -> bytes:
    """Return a field that holds a string."""
    return message(field, value.encode())


def attribute(name: str, value: float | str | Sequence[int]) -> bytes:
    """Return an attribute of an operation; whole numbers and others have different types."""
    if isinstance(value, float):
        return text(1, name) + number(20, _ATTRIBUTE_FLOAT) + b"\x15" + struct.pack("<f", value)
    if isinstance(value, int):
        return text(1, name) + number(20, _ATTRIBUTE_INT) + number(3, value)
    if isinstance(value, str):
        return text(1, name) + number(20, _ATTRIBUTE_STRING) + message(4, value.encode())
    return text(1, name) + number(20, _ATTRIBUTE_INTS) + b"".join(number(8, one) for one in value)


def node(kind: str, inputs: Iterable[str], outputs: Iterable[str], attributes: Iterable[bytes] = (), domain: str = "") -> bytes:
    """Return an operation; `domain` is empty for the standard ones."""
    names = [text(1, name) for name in inputs] + [text(2, name) for name in outputs]
    return b"".join([*names, text(4, kind), *(message(5, one) for one in attributes), text(7, domain) if domain else b""])


def tensor(name: str, kind: int, shape: Sequence[int], data: bytes) -> bytes:
    """Return a constant."""
    return b"".join(number(1, size) for size in shape) + number(2, kind) + text(8, name) + message(9, data)


def constant(name: str, values: NDArray[Any]) -> bytes:
    """Return a constant of the values of an array, whose type is one of `DTYPES`."""
    return tensor(name, _KINDS[values.dtype], values.shape, values.tobytes())


def value(name: str, shape: Sequence[int | str] | None, kind: int = FLOAT) -> bytes:
    """Return the name and type of an input or output; names in a shape stand for any size, without shape its rank is open."""
    described = number(1, kind)
    if shape is not None:
        sizes = (number(1, size) if isinstance(size, int) else text(2, size) for size in shape)
        described += message(2, b"".join(message(1, size) for size in sizes))
    return text(1, name) + message(2, message(1, described))


def model(
    nodes: Iterable[bytes],
    constants: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    versions: Mapping[str, int] = STANDARD_OPERATIONS,
) -> bytes:
    """Return a model. `versions`: of the operations of each domain."""
    graph = b"".join(
        [
            *(message(1, one) for one in nodes),
            text(2, "part"),
            *(message(5, one) for one in constants),
            *(message(11, one) for one in inputs),
            *(message(12, one) for one in outputs),
        ]
    )
    sets = (message(8, text(1, domain) + number(2, version)) for domain, version in versions.items())
    return number(1, _IR_VERSION) + b"".join(sets) + message(7, graph)


def floats(model: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the constants of type float32 of a model, by name. Raises ValueError if it is not valid."""
    return {name: values for name, values in constants(model).items() if values.dtype == np.float32}


def constants(model: bytes) -> dict[str, NDArray[Any]]:
    """Return the constants of a model whose types are in `DTYPES`, by name. Raises ValueError if it is not valid."""
    found: dict[str, NDArray[Any]] = {}
    for graph in _parts(model, 7):
        for entry in _parts(graph, 5):
            fields = list(_fields(entry))
            kind = next((value for field, value in fields if field == 2), None)
            if not isinstance(kind, int) or kind not in DTYPES:
                continue
            shape = [size for field, size in fields if field == 1 and isinstance(size, int)]
            name = b"".join(_parts(entry, 8)).decode()
            found[name] = (_raw(entry, kind) if (9 in dict(fields)) else _typed(entry, kind)).reshape(shape)
    return found


def makers(model: bytes) -> dict[str, tuple[str, list[str]]]:
    """Return the kind and the inputs of the operation that makes each tensor, also in the branches of an `If`.

    A tensor that several branches make is that of the last. Raises ValueError if the model is not valid.
    """
    found: dict[str, tuple[str, list[str]]] = {}
    waiting = list(_parts(model, 7))
    while waiting:
        for entry in _parts(waiting.pop(), 1):
            inputs, outputs = ([one.decode() for one in _parts(entry, field)] for field in (1, 2))
            kind = b"".join(_parts(entry, 4)).decode()
            found.update((name, (kind, inputs)) for name in outputs)
            waiting += [graph for one in _parts(entry, 5) for graph in _parts(one, 6)]
    return found


def _raw(entry: bytes, kind: int) -> NDArray[Any]:
    return np.frombuffer(b"".join(_parts(entry, 9)), dtype=DTYPES[kind])


def _typed(entry: bytes, kind: int) -> NDArray[Any]:
    """Return the numbers of a constant that has them one by one, not as bytes."""
    if kind == FLOAT:
        return np.frombuffer(b"".join(_parts(entry, 4)), dtype=DTYPES[kind])
    numbers: list[int] = []
    for field, value in _fields(entry):
        if field in (5, 7):
            numbers += [value] if isinstance(value, int) else _varints(value)
    return np.array(numbers, dtype=DTYPES[kind])


def _varints(content: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(content):
        value, at = _read_varint(content, at)
        numbers.append(value)
    return numbers


def _parts(content: bytes, wanted: int) -> Iterator[bytes]:
    """Yield the values of one field that holds messages, bytes or strings."""
    return (value for field, value in _fields(content) if field == wanted and isinstance(value, bytes))


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field. Raises ValueError if the content is cut short or is not in this format."""
    at = 0
    while at < len(content):
        key, at = _read_varint(content, at)
        match key & 7:
            case 0:
                value, at = _read_varint(content, at)
                yield key >> 3, value
                continue
            case 1:
                size = 8
            case 2:
                size, at = _read_varint(content, at)
            case 5:
                size = 4
            case _:
                raise ValueError("an unknown type of field")
        if at + size > len(content):
            raise ValueError("the content is cut short")
        yield key >> 3, content[at : at + size]
        at += size


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    """Return a number and the position after it."""
    value = shift = 0
    while at < len(content) and shift < 64:
        value |= (content[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if content[at - 1] < 128:
            return value, at
    raise ValueError("a number is cut short")


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)
