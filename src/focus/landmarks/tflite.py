"""A reader of .tflite files, as far as MediaPipe's two face networks need it: float weights, a dozen operators.

A .tflite file is a FlatBuffer (https://flatbuffers.dev/internals) of TensorFlow Lite's schema, version 3
(tensorflow/compiler/mlir/lite/schema/schema.fbs), whose field numbers stand below. Only files whose hash is known are
read (`focus.landmarks.mediapipe_files`), so nothing here guards against damaged ones.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

OPERATORS = {
    0: "add", 2: "concatenation", 3: "convolution", 4: "depthwise", 6: "dequantize", 17: "max_pool", 19: "relu",
    22: "reshape", 34: "pad", 54: "prelu",
}  # fmt: skip
"""BuiltinOperator."""
TYPES = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 4: np.int64}
"""TensorType."""
# Name -> field number and struct format, of the options of an operator.
OPTIONS = {
    "add": {"activation": (0, "b")},
    "concatenation": {"axis": (0, "i"), "activation": (1, "b")},
    "convolution": {"padding": (0, "b"), "stride": (2, "i"), "activation": (3, "b")},
    "depthwise": {"padding": (0, "b"), "stride": (2, "i"), "activation": (4, "b")},
    "max_pool": {"padding": (0, "b"), "stride": (2, "i"), "kernel": (4, "i"), "activation": (5, "b")},
}


@dataclass(frozen=True)
class Operation:
    """One operator: its name in `OPERATORS`, numbers of the tensors it reads and writes, its options."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Graph:
    """A network: operations in their order, constants and shapes (N,H,W,C) by tensor number, inputs and outputs."""

    operations: tuple[Operation, ...]
    constants: Mapping[int, np.ndarray]
    shapes: Mapping[int, tuple[int, ...]]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Table:
    """A FlatBuffer's table at a place in the file: fields by number, absent ones 0 or empty."""

    def __init__(self, content: bytes, place: int) -> None:
        self._content, self._place = content, place
        self._fields = place - self._at("i", place)

    def scalar(self, field: int, form: str) -> int:
        """Return a number of a struct format."""
        place = self._field(field)
        return self._at(form, place) if place else 0

    def table(self, field: int) -> Table | None:
        """Return a table, or None where there is none."""
        place = self._field(field)
        return Table(self._content, self._follow(place)) if place else None

    def tables(self, field: int) -> list[Table]:
        """Return a vector of tables."""
        first, count = self._vector(field)
        return [Table(self._content, self._follow(first + 4 * number)) for number in range(count)]

    def numbers(self, field: int) -> tuple[int, ...]:
        """Return a vector of int32."""
        first, count = self._vector(field)
        return struct.unpack_from(f"<{count}i", self._content, first)

    def bytes(self, field: int) -> bytes:
        """Return a vector of bytes."""
        first, count = self._vector(field)
        return self._content[first : first + count]

    def _at(self, form: str, place: int) -> int:
        number: int = struct.unpack_from("<" + form, self._content, place)[0]
        return number

    def _follow(self, place: int) -> int:
        return place + self._at("I", place)

    def _field(self, number: int) -> int:
        offset = 4 + 2 * number
        inside = offset < self._at("H", self._fields)
        step = self._at("H", self._fields + offset) if inside else 0
        return self._place + step if step else 0

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._field(field)
        if not place:
            return 0, 0
        start = self._follow(place)
        return start + 4, self._at("I", start)


def read_tflite(content: bytes) -> Graph:
    """Return the first subgraph of a .tflite file. Raises ValueError at an operator that is not in `OPERATORS`."""
    model = Table(content, struct.unpack_from("<I", content)[0])
    graph, buffers = model.tables(2)[0], model.tables(4)
    codes = [max(code.scalar(0, "b"), code.scalar(3, "i")) for code in model.tables(1)]
    tensors = graph.tables(0)
    stored = {number: buffers[tensor.scalar(2, "I")].bytes(0) for number, tensor in enumerate(tensors)}
    return Graph(
        tuple(_operation(operator, codes) for operator in graph.tables(3)),
        {number: _constant(tensors[number], data) for number, data in stored.items() if data},
        {number: tensor.numbers(0) for number, tensor in enumerate(tensors)},
        graph.numbers(1),
        graph.numbers(2),
    )


def _operation(operator: Table, codes: list[int]) -> Operation:
    code = codes[operator.scalar(0, "I")]
    if code not in OPERATORS:
        raise ValueError(f"operator {code} of TensorFlow Lite, expected one of {sorted(OPERATORS)}")
    kind, options = OPERATORS[code], operator.table(4)
    found = {name: options.scalar(*field) for name, field in OPTIONS.get(kind, {}).items()} if options else {}
    return Operation(kind, operator.numbers(1), operator.numbers(2), found)


def _constant(tensor: Table, data: bytes) -> np.ndarray:
    return np.frombuffer(data, TYPES[tensor.scalar(1, "b")]).reshape(tensor.numbers(0))
