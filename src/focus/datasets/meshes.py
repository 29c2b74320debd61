"""Mesh and landmark files: .obj and .ply both ways, MeshLab's picked points, and the benchmark's seven landmarks.

The .obj reader is our own because libraries split vertices by texture coordinate, which would change what a vertex
number means. Nothing in a file is executed: no pickles, no external XML entities.
"""

from __future__ import annotations

import re
from itertools import chain, pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from focus.errors import FocusError, reason_of
from focus.files import read_npy, write_bytes, write_text

Mesh = tuple[np.ndarray, np.ndarray, np.ndarray | None]
_COMMENT = re.compile(r"#[^\n]*")
_TEXTURE_AND_NORMAL = re.compile(r"/\S*")


def read_mesh(path: Path) -> Mesh:
    """Read a triangle mesh from .obj or .ply, every vertex in the file's order.

    Returns:
        vertices (V, 3) float64 in the file's unit; triangles (F, 3) int64 (polygons fanned from their first corner,
        degenerate triangles kept); colours (V, 3) float64 in 0..1, or None where the file has none.

    Raises:
        FocusError: missing or damaged file, another extension, no vertices, no faces, a coordinate that is not finite,
            a face index beyond the vertices.
    """
    readers = {".obj": _read_obj, ".ply": _read_ply}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FocusError(f"{path}: extension {path.suffix or 'missing'}, expected a .obj or .ply mesh")
    vertices, triangles, colours = reader(path)
    if len(vertices) == 0 or len(triangles) == 0:
        raise FocusError(f"{path}: {len(vertices)} vertices and {len(triangles)} faces, expected some of both")
    if not np.isfinite(vertices).all():
        first = int(np.argmin(np.isfinite(vertices).all(axis=1)))
        raise FocusError(f"{path}: vertex {first + 1} is {vertices[first].tolist()}, expected finite coordinates")
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        face = int(np.argmax(((triangles < 0) | (triangles >= len(vertices))).any(axis=1)))
        raise FocusError(f"{path}: face {face + 1} names a vertex outside 1..{len(vertices)}")
    return vertices, triangles, colours


def write_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray | None = None) -> None:
    """Write vertices (V, 3), triangles (F, 3) from 0, and optional colours (V, 3) in 0..1 as .obj, six decimals.

    NoW asks for meshes without vertex colours. Equal arrays give equal bytes; written atomically.
    """
    columns = vertices if colours is None else np.concatenate([vertices, colours], axis=1)
    vertex_row = "v " + " ".join(["{:.6f}"] * columns.shape[1])
    # Adding zero after rounding turns -0 into 0.
    body = [vertex_row.format(*row) for row in (np.round(columns.astype(np.float64), 6) + 0.0).tolist()]
    body += ["f {} {} {}".format(*corners) for corners in (np.asarray(triangles, np.int64) + 1).tolist()]
    write_text(path, "\n".join(body) + "\n")


def write_ply(path: Path, vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray | None = None) -> None:
    """Write as `write_obj` takes them, as binary little-endian .ply: float32 coordinates, uint8 colours; atomically."""
    fields: list[tuple[str, str]] = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    if colours is not None:
        fields += [("red", "u1"), ("green", "u1"), ("blue", "u1")]
    rows = np.zeros(len(vertices), dtype=fields)
    for axis, name in enumerate("xyz"):
        rows[name] = vertices[:, axis]
    if colours is not None:
        for channel, name in enumerate(("red", "green", "blue")):
            rows[name] = np.clip(np.rint(np.asarray(colours[:, channel], np.float64) * 255), 0, 255)
    faces = np.zeros(len(triangles), dtype=[("count", "u1"), ("corners", "<i4", (3,))])
    faces["count"], faces["corners"] = 3, triangles
    kinds = {"<f4": "float", "u1": "uchar"}
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}"]
    header += [f"property {kinds[kind]} {name}" for name, kind in fields]
    header += [f"element face {len(triangles)}", "property list uchar int vertex_indices", "end_header"]
    write_bytes(path, ("\n".join(header) + "\n").encode() + rows.tobytes() + faces.tobytes())


def read_picked_points(path: Path) -> np.ndarray:
    """Read a MeshLab .pp file of NoW: its seven active points in order, (7, 3) float64.

    Raises FocusError when the file is missing or not such XML, declares entities, or has another number of points.
    """
    text = _read_text(path)
    if "<!ENTITY" in text.upper():
        raise FocusError(f"{path}: declares XML entities, expected MeshLab's plain picked points")
    try:
        points = [point for point in ElementTree.fromstring(text).iter("point") if point.get("active", "1") != "0"]
        values = [[float(point.attrib[axis]) for axis in "xyz"] for point in points]
    except (ElementTree.ParseError, ValueError, KeyError) as error:
        raise FocusError(f"{path}: not MeshLab picked points ({type(error).__name__}: {error!s:.200})") from None
    return _seven(np.array(values, np.float64), path)


def read_landmarks(path: Path) -> np.ndarray:
    """Read NoW's seven landmarks of a prediction, (7, 3) float64.

    From .npy (shape (7, 3) or (1, 7, 3)) or .txt (seven rows of three numbers, blanks or commas between). Raises
    FocusError on anything else; pickles are refused.
    """
    if path.suffix.lower() == ".npy":
        values = read_npy(path)
        if values.dtype.kind not in "fiu":
            raise FocusError(f"{path}: {values.dtype} array, expected numbers")
        return _seven(values[0] if values.shape == (1, 7, 3) else values, path)
    if path.suffix.lower() != ".txt":
        raise FocusError(f"{path}: extension {path.suffix or 'missing'}, expected .npy or .txt landmarks")
    rows = [line.replace(",", " ").split() for line in _read_text(path).splitlines()]
    try:
        return _seven(np.array([[float(cell) for cell in row] for row in rows if row], np.float64), path)
    except ValueError:
        raise FocusError(f"{path}: not a table of numbers, expected seven rows of three") from None


def _seven(values: np.ndarray, path: Path) -> np.ndarray:
    if values.shape != (7, 3) or not np.isfinite(values).all():
        found = f"shape {values.shape}" if values.shape != (7, 3) else "numbers that are not finite"
        raise FocusError(f"{path}: {found}, expected seven finite points (7, 3)")
    return values.astype(np.float64)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="strict")
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file") from None
    except (UnicodeDecodeError, OSError) as error:
        raise FocusError(f"{path}: cannot be read as text ({error})") from None


def _read_obj(path: Path) -> Mesh:
    """Read an .obj: `v x y z [w | r g b [a]]` and `f` with v, v/vt, v//vn or v/vt/vn corners, positive or negative."""
    vertex_rows: list[str] = []
    face_rows: list[str] = []
    vertices_before: list[int] = []  # of each face, for negative indices
    text = _read_text(path).replace("\\\n", " ")
    if "#" in text:
        text = _COMMENT.sub("", text)
    for line in text.splitlines():
        if line.startswith(("v ", "v\t")):
            vertex_rows.append(line[2:])
        elif line.startswith(("f ", "f\t")):
            face_rows.append(line[2:])
            vertices_before.append(len(vertex_rows))
    values = _number_table(vertex_rows, path)
    colours = values[:, 3:6] if values.shape[1] >= 6 else None
    if colours is not None and colours.size and colours.max() > 1:
        colours = colours / 255.0
    return values[:, :3], _obj_triangles(face_rows, vertices_before, path), colours


def _number_table(rows: list[str], path: Path) -> np.ndarray:
    """Parse vertex rows that all have the same 3, 4, 6 or 7 numbers."""
    cells = [row.split() for row in rows]
    widths = {len(row) for row in cells} or {3}
    if len(widths) != 1 or not widths <= {3, 4, 6, 7}:
        raise FocusError(f"{path}: vertices with {sorted(widths)} numbers, expected 3 each (or 6 with colours)")
    try:
        flat = np.array(list(map(float, chain.from_iterable(cells))), np.float64)
    except ValueError as error:
        raise FocusError(f"{path}: a vertex is not a row of numbers ({error!s:.200})") from None
    return flat.reshape(len(rows), widths.pop())


def _obj_triangles(rows: list[str], vertices_before: list[int], path: Path) -> np.ndarray:
    """Parse face rows to (F, 3) int64 from 0; the usual all-triangles file takes the quick way."""
    corners = _TEXTURE_AND_NORMAL.sub("", "\n".join(rows)).split("\n")
    cells = [row.split() for row in corners] if rows else []
    counts = {len(row) for row in cells}
    if min(counts, default=3) < 3:
        raise FocusError(f"{path}: a face with {min(counts)} corners, expected three or more")
    try:
        if counts <= {3}:
            index = np.array(list(map(int, chain.from_iterable(cells))), np.int64).reshape(-1, 3)
            before = np.array(vertices_before, np.int64)
        else:
            fans = [
                ((polygon[0], second, third), count)
                for polygon, count in zip(cells, vertices_before, strict=True)
                for second, third in pairwise(polygon[1:])
            ]
            index = np.array([[int(corner) for corner in fan] for fan, _ in fans], np.int64)
            before = np.array([count for _, count in fans], np.int64)
    except (ValueError, OverflowError) as error:
        raise FocusError(f"{path}: a face is not a row of vertex numbers ({error!s:.200})") from None
    # 1 is the first vertex, -1 the latest before the face; 0 is nothing and falls out of range.
    return np.where(index < 0, before[:, None] + index, index - 1)


def _read_ply(path: Path) -> Mesh:
    """Read a .ply, text or binary, through trimesh without its clean-ups."""
    import trimesh  # here, because half a second of import is wasted on those who read .obj

    if not path.is_file():
        raise FocusError(f"{path}: no such file")
    try:
        with path.open("rb") as stream:
            mesh = trimesh.load_mesh(stream, file_type="ply", process=False)
        vertices = np.array(mesh.vertices, np.float64).reshape(-1, 3)
        triangles = np.array(getattr(mesh, "faces", []), np.int64).reshape(-1, 3)
        coloured = len(triangles) > 0 and mesh.visual.kind == "vertex"
        colours = np.array(mesh.visual.vertex_colors[:, :3], np.float64) / 255.0 if coloured else None
    except Exception as error:  # trimesh raises whatever its parser stumbles over
        raise FocusError(f"{path}: cannot be read as a .ply mesh ({reason_of(error)})") from None
    return vertices, triangles, colours
