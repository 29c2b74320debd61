"""Stanford .ply as a triangle mesh: text or binary, any further elements and properties passed over.

The header says what follows: elements (vertex, face, …), each a number of rows of the same properties, each a number or
a list of numbers. Only the file itself is opened, whatever texture its header names, and a header that claims more rows
than the file has room for is refused before memory is taken for them.
"""

from __future__ import annotations

import codecs
import re
import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from focus.datasets.polygons import fanned, unstripped
from focus.errors import FocusError
from focus.files import read_bytes

BLOCK = 100_000  # lines of a text file whose words are in memory at once
_FORMATS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_WORDS = {"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"}
_WORDS |= {"float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2"}
_WORDS |= {"int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8"}
_WORDS |= {"int64": "i8", "uint64": "u8"}
_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q"}
MOST_PROPERTIES = 1000  # and elements, of one header: more is no mesh
_INDICES = ("vertex_indices", "vertex_index")
_COLOURS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
_POLYGONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {"face": fanned, "tristrips": unstripped}


@dataclass(frozen=True)
class Property:
    """A number, or a list of them after its length; `kind` and `counter` are NumPy's type codes without byte order."""

    name: str
    kind: str
    counter: str = ""

    @property
    def least(self) -> int:
        """Bytes that it takes at least in a binary file."""
        return int((self.counter or self.kind)[1])


@dataclass(frozen=True)
class Element:
    """So many rows of the same properties."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def indices(self) -> Property | None:
        """The list of vertex numbers of a face, if it has one."""
        return next((p for p in self.properties if p.counter and p.name in _INDICES), None)


@dataclass(frozen=True)
class Rows:
    """What is read of an element: columns by name (numbers), and the vertex numbers of its lists, one after another."""

    columns: dict[str, np.ndarray]
    corners: np.ndarray
    lengths: np.ndarray


def read_ply(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return vertices (V, 3) float64, triangles (F, 3) int64 (not yet checked against V), colours (V, 3) or None.

    Polygons and triangle strips are cut into triangles; colours are in 0..1. Bytes behind the last row are passed over.
    Raises FocusError on a file that is no .ply, is cut off, or has no places of vertices.
    """
    content = read_bytes(path, "a mesh (.ply)").removeprefix(codecs.BOM_UTF8)
    try:
        order, elements, begin = _header(content)
        rows = _text_rows(content[begin:], elements) if not order else _binary_rows(content, begin, elements, order)
        found = dict(zip([element.name for element in elements], rows, strict=True))
        vertices, colours = _vertices(next((e for e in elements if e.name == "vertex"), None), found)
        triangles = [_triangles(name, found[name], cut) for name, cut in _POLYGONS.items() if name in found]
    except (ValueError, OverflowError) as error:
        raise FocusError(f"{path}: cannot be read as a .ply mesh ({error!s:.200})") from None
    return vertices, np.concatenate([np.empty((0, 3), np.int64), *triangles]), colours


def _header(content: bytes) -> tuple[str, list[Element], int]:
    """Return byte order ("" for text), elements, and where the rows begin. Raises ValueError on no such header."""
    start = re.match(rb"ply[ \t]*(\r\n|\n|\r)", content)
    end = start and re.compile(rb"(?<=[\r\n])end_header[ \t]*(" + start[1] + rb"|\r\n|\n|\r|\Z)").search(content)
    if not start or not end:
        raise ValueError("no .ply header")
    order: str | None = None
    elements: list[Element] = []
    for line in content[start.end() : end.start()].decode("latin-1").split(start[1].decode()[-1]):
        if len(elements) + sum(len(element.properties) for element in elements[-1:]) > MOST_PROPERTIES:
            raise ValueError(f"more than {MOST_PROPERTIES} elements or properties")
        match line.split():
            case [] | ["comment" | "obj_info", *_]:
                continue
            case ["format", name, "1.0"] if name in _FORMATS:
                order = _FORMATS[name]
            case ["element", name, count] if count.isdecimal() and count.isascii() and len(count) < 19:
                if name in {element.name for element in elements}:
                    raise ValueError(f"element {name} twice")
                elements.append(Element(name, int(count), ()))
            case ["property", *rest] if elements and (new := _property(rest)):
                last = elements[-1]
                if new.name in {own.name for own in last.properties}:
                    raise ValueError(f"property {new.name} twice")
                elements[-1] = Element(last.name, last.count, (*last.properties, new))
            case _:
                raise ValueError(f"header line {line.strip()[:60]!r}")
    if order is None:
        raise ValueError("no format in the header")
    return order, elements, end.end()


def _property(words: list[str]) -> Property | None:
    match words:
        case ["list", counter, kind, name] if _WORDS.get(counter, "f")[0] in "iu" and kind in _WORDS:
            return Property(name, _WORDS[kind], _WORDS[counter])
        case [kind, name] if kind in _WORDS:
            return Property(name, _WORDS[kind])
    return None


def _vertices(element: Element | None, found: dict[str, Rows]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return places (V, 3) and colours (V, 3) in 0..1 or None."""
    if element is None or not {"x", "y", "z"} <= set(found["vertex"].columns):
        raise ValueError("no element vertex with x, y and z")
    columns = found["vertex"].columns
    places = np.stack([columns[axis].astype(np.float64) for axis in "xyz"], axis=1)
    names = next((names for names in _COLOURS if set(names) <= set(columns)), None)
    if names is None or not len(places):
        return places, None
    colours = np.stack([columns[name].astype(np.float64) for name in names], axis=1)
    kind = next(own.kind for own in element.properties if own.name == names[0])
    return places, colours / (65535.0 if kind == "u2" else 255.0 if kind[0] != "f" or colours.max() > 1 else 1.0)


def _triangles(name: str, rows: Rows, cut: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    if name == "face" and len(rows.lengths) and rows.lengths.min() < 3:
        raise ValueError(f"a face with {rows.lengths.min()} corners, expected three or more")
    return cut(rows.corners, rows.lengths)


def _binary_rows(content: bytes, at: int, elements: list[Element], order: str) -> list[Rows]:
    """Read each element in turn from `at` on."""
    found = []
    for element in elements:
        least = element.count * sum(own.least for own in element.properties)
        if least > len(content) - at:
            raise ValueError(f"{element.count} rows of {element.name} need {least} bytes, found {len(content) - at}")
        # Files of triangles only are the rule: every list is then as long as the first row's.
        rows, end = _even_rows(content, at, element, order) or _uneven_rows(content, at, element, order)
        found.append(rows)
        at = end
    return found


def _even_rows(content: bytes, at: int, element: Element, order: str) -> tuple[Rows, int] | None:
    """Read rows whose lists are all as long as in the first row; None where they are not."""
    if not element.count or not element.properties:
        return Rows({}, np.empty(0, np.int64), np.empty(0, np.int64)), at
    lengths, place = {}, at
    for own in element.properties:
        if own.counter:
            lengths[own.name] = _length(content, place, own, order)
            place += own.least + lengths[own.name] * int(own.kind[1])
        else:
            place += own.least
    end = at + (place - at) * element.count
    if end > len(content):
        return None
    fields: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = []
    for index, own in enumerate(element.properties):
        if own.counter:
            fields.append((f"count{index}", order + own.counter))
        fields.append((f"value{index}", order + own.kind, (lengths.get(own.name, 0),) if own.counter else ()))
    table = np.frombuffer(content, np.dtype(fields), element.count, at)
    for index, own in enumerate(element.properties):
        if own.counter and (table[f"count{index}"] != lengths.get(own.name, 0)).any():
            return None
    numbers = {own.name: table[f"value{i}"] for i, own in enumerate(element.properties) if not own.counter}
    listed = element.indices
    if listed is None:
        return Rows(numbers, np.empty(0, np.int64), np.empty(0, np.int64)), end
    corners = np.ascontiguousarray(table[f"value{element.properties.index(listed)}"]).reshape(-1)
    return Rows(numbers, corners, np.full(element.count, lengths.get(listed.name, 0))), end


def _uneven_rows(content: bytes, at: int, element: Element, order: str) -> tuple[Rows, int]:
    """Read the lists of vertex numbers of rows of any length; their other numbers are passed over."""
    if element.name == "vertex":
        raise ValueError("lists of several lengths among the vertices")
    begin, places, lengths = at, array("q"), array("q")
    for _ in range(element.count):
        for own in element.properties:
            count = _length(content, at, own, order) if own.counter else 0
            at += own.least
            if own is element.indices:
                places.append(at)
                lengths.append(count)
            at += count * int(own.kind[1])
    if at > len(content):
        raise ValueError(f"the rows of {element.name} end at byte {at}, found {len(content)}")
    if element.indices is None:
        return Rows({}, np.empty(0, np.int64), np.empty(0, np.int64)), at
    kind = order + element.indices.kind
    counts, first = np.array(lengths, np.int64), np.array(places, np.int64) - begin
    edges = np.zeros(at - begin + 1, np.int8)  # +1 where a list's numbers begin, -1 behind their last
    edges[first] += 1
    edges[first + counts * int(kind[2])] -= 1
    chosen = np.frombuffer(content, np.uint8, at - begin, begin)[np.cumsum(edges[:-1], dtype=np.int8) > 0]
    return Rows({}, chosen.view(kind), counts), at


def _length(content: bytes, at: int, own: Property, order: str) -> int:
    """Return how long the list at a place of the file is."""
    if at + own.least > len(content):
        raise ValueError(f"cut off at byte {len(content)}")
    count: int = struct.unpack_from(order + _CODES[own.counter], content, at)[0]
    if count < 0 or at + own.least + count * int(own.kind[1]) > len(content):
        raise ValueError(f"a list {own.name} of {count} numbers at byte {at}, longer than the file")
    return count


def _text_rows(content: bytes, elements: list[Element]) -> list[Rows]:
    """Read each element in turn, a row per line; blank lines are passed over."""
    if sum(element.count for element in elements if element.properties) * 2 > len(content) + 1:
        raise ValueError(f"{sum(element.count for element in elements)} rows in {len(content)} bytes")
    lines = (line for line in re.split(rb"\r\n|\n|\r", content) if line and not line.isspace())
    return [_text_element(lines, element) for element in elements]


def _text_element(lines: Iterator[bytes], element: Element) -> Rows:
    single = [own.name for own in element.properties if not own.counter]
    blocks, corners, lengths, left = [], array("q"), array("q"), element.count if element.properties else 0
    while left:
        rows = [line.split() for line in islice(lines, min(left, BLOCK))]
        if not rows:
            raise ValueError(f"cut off {left} rows before the end of {element.name}")
        if b"_" in b"".join(map(b"".join, rows)):  # which Python reads over
            raise ValueError(f"'_' in a number of {element.name}")
        left -= len(rows)
        if len(single) < len(element.properties):
            rows = [_without_lists(row, element, corners, lengths) for row in rows]
        elif any(len(row) != len(single) for row in rows):
            raise ValueError(f"a row of {element.name} without {len(single)} numbers")
        blocks.append(np.array([list(map(float, row)) for row in rows]))
    table = np.concatenate(blocks) if blocks else np.empty((0, len(single)))
    columns = {name: table[:, i] for i, name in enumerate(single)}
    return Rows(columns, np.array(corners, np.int64), np.array(lengths, np.int64))


def _without_lists(row: list[bytes], element: Element, corners: array[int], lengths: array[int]) -> list[bytes]:
    """Return a row's single numbers, and append its vertex numbers."""
    at, single = 0, []
    for own in element.properties:
        count = int(row[at]) if own.counter and at < len(row) else 0
        single += [] if own.counter else row[at : at + 1]
        at += 1
        if count < 0 or at + count > len(row):
            raise ValueError(f"a row of {element.name} with {len(row)} numbers, expected more")
        if own is element.indices:
            corners.extend(map(int, row[at : at + count]))
            lengths.append(count)
        at += count
    if at != len(row):
        raise ValueError(f"a row of {element.name} with {len(row)} numbers, expected {at}")
    return single
