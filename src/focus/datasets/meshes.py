"""Mesh and landmark files: .obj and .ply both ways, MeshLab's picked points, and the benchmark's seven landmarks.

The readers of meshes (`obj`, `ply`) are our own because libraries split vertices by texture coordinate, which would
change what a vertex number means, and open the textures that a mesh names. Here only the named file is opened, and
nothing in it is executed: no pickles, no external XML entities.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from focus.datasets.obj import read_obj
from focus.datasets.ply import read_ply
from focus.errors import FocusError
from focus.files import plain, read_npy, read_text, write_bytes, write_text

Mesh = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def read_mesh(path: Path) -> Mesh:
    """Read a triangle mesh from .obj or .ply, every vertex in the file's order.

    Returns:
        vertices (V, 3) float64 in the file's unit; triangles (F, 3) int64 (polygons fanned from their first corner,
        degenerate triangles kept); colours (V, 3) float64 in 0..1, or None where the file has none (or only on some
        vertices: dropped with a warning).

    Raises:
        FocusError: missing or damaged file, another extension, no vertices, no faces, a coordinate that is not finite,
            a face index beyond the vertices.
    """
    readers = {".obj": read_obj, ".ply": read_ply}
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
    text = read_text(path, "MeshLab's picked points (.pp)")
    if "<!ENTITY" in text.upper():
        raise FocusError(f"{path}: declares XML entities, expected MeshLab's plain picked points")
    try:
        points = [point for point in ElementTree.fromstring(text).iter("point") if point.get("active", "1") != "0"]
        values = [[float(plain(point.attrib[axis])) for axis in "xyz"] for point in points]
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
    rows = [line.replace(",", " ").split() for line in read_text(path, "seven landmarks (.txt)").split("\n")]
    try:
        return _seven(np.array([[float(plain(cell)) for cell in row] for row in rows if row], np.float64), path)
    except ValueError:
        raise FocusError(f"{path}: not a table of numbers, expected seven rows of three") from None


def _seven(values: np.ndarray, path: Path) -> np.ndarray:
    if values.shape != (7, 3) or not np.isfinite(values).all():
        found = f"shape {values.shape}" if values.shape != (7, 3) else "numbers that are not finite"
        raise FocusError(f"{path}: {found}, expected seven finite points (7, 3)")
    return values.astype(np.float64)
