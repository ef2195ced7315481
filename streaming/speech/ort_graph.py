"""Reads a model in onnxruntime's own format (a FlatBuffer) and writes part of it as ONNX (a Protocol Buffer).

onnxruntime optimises only ONNX models when it loads them. A part ends at chosen tensors, so that values inside a network can be used.
Control flow is not kept: of an `If` one branch is taken.
"""

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streaming.speech import onnx_format

_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_STRING, _ATTRIBUTE_TENSOR, _ATTRIBUTE_INTS = 1, 2, 3, 4, 7


class _Table:
    """A table of a FlatBuffer: fields are found by their slot."""

    def __init__(self, buffer: bytes, at: int) -> None:
        self._buffer = buffer
        self._at = at
        self._fields = at - struct.unpack_from("<i", buffer, at)[0]

    def _field(self, slot: int) -> int:
        """Return the position of a field, or 0 if the table lacks it."""
        size = struct.unpack_from("<H", self._buffer, self._fields)[0]
        place = 4 + 2 * slot
        offset: int = struct.unpack_from("<H", self._buffer, self._fields + place)[0] if place < size else 0
        return self._at + offset if offset else 0

    def _target(self, at: int) -> int:
        target: int = at + struct.unpack_from("<I", self._buffer, at)[0]
        return target

    def scalar(self, slot: int, form: str) -> int | float:
        """Return a number; 0 if it is missing."""
        at = self._field(slot)
        value: int | float = struct.unpack_from(form, self._buffer, at)[0] if at else 0
        return value

    def data(self, slot: int, width: int = 1) -> bytes:
        """Return the bytes of a string, or of a vector whose elements have `width` bytes."""
        at = self._field(slot)
        if not at:
            return b""
        start = self._target(at)
        count = struct.unpack_from("<I", self._buffer, start)[0]
        return self._buffer[start + 4 : start + 4 + count * width]

    def text(self, slot: int) -> str:
        """Return a string."""
        return self.data(slot).decode()

    def _elements(self, slot: int) -> Iterator[int]:
        at = self._field(slot)
        if at:
            start = self._target(at)
            for number in range(struct.unpack_from("<I", self._buffer, start)[0]):
                yield self._target(start + 4 + 4 * number)

    def table(self, slot: int) -> "_Table":
        """Return the table in a field, which must be there."""
        return _Table(self._buffer, self._target(self._field(slot)))

    def tables(self, slot: int) -> "list[_Table]":
        """Return the tables of a vector."""
        return [_Table(self._buffer, at) for at in self._elements(slot)]

    def texts(self, slot: int) -> list[str]:
        """Return the strings of a vector."""
        return [self._buffer[at + 4 : at + 4 + struct.unpack_from("<I", self._buffer, at)[0]].decode() for at in self._elements(slot)]


@dataclass(frozen=True, slots=True)
class _Node:
    """An operation: its attributes are encoded as ONNX."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[bytes, ...]
    domain: str = ""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A constant."""

    kind: int
    shape: tuple[int, ...]
    data: bytes

    def array(self) -> NDArray[Any]:
        return np.frombuffer(self.data, dtype=onnx_format.DTYPES[self.kind]).reshape(self.shape)


class OrtGraph:
    """The operations and constants of a model in onnxruntime's format; `branch` is that of an `If` whose condition has this value."""

    def __init__(self, model: bytes, *, branch: bool = True) -> None:
        name = "then_branch" if branch else "else_branch"
        parts = _Table(model, struct.unpack_from("<I", model, 0)[0]).table(1)
        graph = parts.table(7)
        self._versions = {one.text(0): int(one.scalar(1, "<q")) for one in parts.tables(1)}
        self._constants = dict(_constants(graph, name))
        self._maker = {output: node for node in _nodes(graph, name) for output in node.outputs if output}

    def constant(self, name: str) -> NDArray[np.float32]:
        """Return a constant as float32."""
        return self._constants[name].array().astype(np.float32)

    def constants_of(self, output: str) -> list[NDArray[Any]]:
        """Return the constants among the inputs of the operation that makes a tensor, in their order."""
        return [self._constants[name].array() for name in self._maker[output].inputs if name in self._constants]

    def maker(self, output: str) -> tuple[str, list[NDArray[Any] | None]]:
        """Return the kind of the operation that makes a tensor, and its inputs, of which those that are not constants are None."""
        node = self._maker[output]
        return node.kind, [self._constants[name].array() if name in self._constants else None for name in node.inputs]

    def inputs(self, *outputs: str) -> set[str]:
        """Return the names of the inputs of the model that tensors depend on."""
        nodes, constants = self._needed(outputs)
        return {name for node in nodes for name in node.inputs if name} - self._maker.keys() - set(constants)

    def onnx(self, inputs: Mapping[str, Sequence[int | str]], *outputs: str, integers: Collection[str] = ()) -> bytes:
        """Return the part of the model that computes tensors from inputs; names in shapes stand for any size.

        Inputs have the type float32; those of `integers` int64.
        """
        nodes, constants = self._needed(outputs)
        kinds = {name: onnx_format.INT64 if name in integers else onnx_format.FLOAT for name in inputs}
        return onnx_format.model(
            (onnx_format.node(one.kind, one.inputs, one.outputs, one.attributes, one.domain) for one in nodes),
            (onnx_format.tensor(name, found.kind, found.shape, found.data) for name, found in self._of(constants)),
            (onnx_format.value(name, shape, kinds[name]) for name, shape in inputs.items()),
            [onnx_format.value(output, None) for output in outputs],
            {domain: self._versions[domain] for domain in sorted({"", *(node.domain for node in nodes)})},
        )

    def _of(self, names: Sequence[str]) -> Iterator[tuple[str, "_Tensor"]]:
        return ((name, self._constants[name]) for name in names)

    def _needed(self, outputs: Sequence[str]) -> tuple[list[_Node], list[str]]:
        """Return the operations that tensors depend on, each after those it depends on, and the constants."""
        nodes: dict[_Node, None] = {}
        constants: dict[str, None] = {}
        waiting: list[tuple[str, bool]] = [(output, False) for output in reversed(outputs)]
        while waiting:
            name, visited = waiting.pop()
            node = self._maker.get(name)
            if node is None:
                if name in self._constants:
                    constants[name] = None
            elif visited:
                nodes[node] = None
            elif node not in nodes:
                waiting.append((name, True))
                waiting.extend((source, False) for source in node.inputs)
        return list(nodes), list(constants)


def _tensor(table: _Table) -> _Tensor:
    dims = np.frombuffer(table.data(2, 8), "<i8")
    return _Tensor(int(table.scalar(3, "<i")), tuple(int(size) for size in dims), table.data(4))


def _constants(graph: _Table, branch: str) -> Iterator[tuple[str, _Tensor]]:
    """Yield the constants with their names, also those of a branch of an `If`."""
    for tensor in graph.tables(0):
        yield tensor.text(0), _tensor(tensor)
    for table in graph.tables(2):
        if table.text(5) == "If":
            yield from _constants(_branch(table, branch), branch)


def _nodes(graph: _Table, chosen: str) -> Iterator[_Node]:
    """Yield the operations; the chosen branch of an `If` takes its place."""
    for table in graph.tables(2):
        kind, outputs = table.text(5), tuple(table.texts(9))
        if kind != "If":
            yield _Node(kind, tuple(table.texts(8)), outputs, tuple(filter(None, map(_attribute, table.tables(10)))), table.text(2))
            continue
        branch = _branch(table, chosen)
        names = dict(zip(branch.texts(6), outputs, strict=True))
        for node in _nodes(branch, chosen):
            renamed, sources = (tuple(names.get(name, name) for name in one) for one in (node.outputs, node.inputs))
            yield _Node(node.kind, sources, renamed, node.attributes, node.domain)


def _branch(table: _Table, name: str) -> _Table:
    return next(one for one in table.tables(10) if one.text(0) == name).table(7)


def _attribute(table: _Table) -> bytes | None:
    """Return an attribute of an operation as ONNX; None for a kind that no operation of ours has."""
    kind = int(table.scalar(2, "<i"))
    start = onnx_format.text(1, table.text(0)) + onnx_format.number(20, kind)
    if kind == _ATTRIBUTE_FLOAT:
        return start + b"\x15" + struct.pack("<f", table.scalar(3, "<f"))
    if kind == _ATTRIBUTE_INT:
        return start + onnx_format.number(3, int(table.scalar(4, "<q")))
    if kind == _ATTRIBUTE_STRING:
        return start + onnx_format.message(4, table.data(5))
    if kind == _ATTRIBUTE_TENSOR:
        found = _tensor(table.table(6))
        return start + onnx_format.message(5, onnx_format.tensor("", found.kind, found.shape, found.data))
    if kind == _ATTRIBUTE_INTS:
        return start + b"".join(onnx_format.number(8, int(value)) for value in np.frombuffer(table.data(9, 8), "<i8"))
    return None
