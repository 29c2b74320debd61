"""What fuzzing.py mutates: meshes, scans and the points marked on them."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np

from focus.datasets.meshes import read_landmarks, read_mesh, read_picked_points, write_obj, write_ply
from focus.datasets.scans import read_scans
from focus.files import write_text
from fuzzed import RNG, Reader


def _mesh() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return RNG.normal(size=(8, 3)), RNG.integers(0, 8, (9, 3)), RNG.random((8, 3))


def obj(folder: Path) -> Reader:
    """A scan or prediction as .obj."""
    write_obj(folder / "x.obj", *_mesh())
    return folder / "x.obj", lambda: read_mesh(folder / "x.obj")


def encoded_obj(folder: Path) -> Reader:
    """An .obj as other programs write it: UTF-16 behind its mark, a material, polygons, indents, some colours."""
    text = "# Müller \\\n mtllib x.mtl\nv 0 0 0 1 0 0\n\tv 1 0 0\r\nv 0 1 0 1\rv 0 0 1\n"
    text += "f 1/1 2/2 \\\n3/3 4\n f -1//1 2 3\n"
    (folder / "x.obj").write_bytes(text.encode("utf-16"))
    warnings.filterwarnings("ignore", message=".*colours on some vertices")
    return folder / "x.obj", lambda: read_mesh(folder / "x.obj")


def ply(folder: Path) -> Reader:
    """A prediction as binary .ply."""
    write_ply(folder / "x.ply", *_mesh())
    return folder / "x.ply", lambda: read_mesh(folder / "x.ply")


def text_ply(folder: Path) -> Reader:
    """A prediction as text .ply."""
    head = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
    head += "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    write_text(folder / "x.ply", head + "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    return folder / "x.ply", lambda: read_mesh(folder / "x.ply")


def mixed_ply(folder: Path) -> Reader:
    """A binary .ply of polygons, strips and an element of its own, a texture in its header, a newline at its end."""
    head = b"ply\nformat binary_big_endian 1.0\ncomment TextureFile x.png\nelement vertex 6\nproperty float x\n"
    head += b"property float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
    head += b"element camera 2\nproperty list ushort short steps\nproperty double focal\nelement face 3\n"
    head += b"property uchar flag\nproperty list uchar int vertex_indices\nproperty list uint float texcoord\n"
    head += b"element tristrips 1\nproperty list int int vertex_indices\nend_header\n"
    body = b"".join(struct.pack(">fffBBB", *RNG.normal(size=3), 1, 2, 3) for _ in range(6))
    body += b"".join(struct.pack(f">H{count}hd", count, *range(count), 1.0) for count in (2, 0))
    for face in ((0, 1, 2), (2, 3, 4, 5), (5, 4, 3, 2, 1)):
        body += struct.pack(f">BB{len(face)}iIff", 1, len(face), *face, 2, 0.5, 0.5)
    body += struct.pack(">i6i", 6, 0, 1, 2, -1, 3, 4)
    (folder / "x.ply").write_bytes(head + body + b"\n")
    return folder / "x.ply", lambda: read_mesh(folder / "x.ply")


def picked_points(folder: Path) -> Reader:
    """MeshLab's .pp of a NoW scan."""
    points = "".join(f' <point x="{k}" y="0.5" z="-1e-3" active="1" name="{k}"/>\n' for k in range(7))
    write_text(folder / "x.pp", f"<!DOCTYPE PickedPoints>\n<PickedPoints>\n{points}</PickedPoints>\n")
    return folder / "x.pp", lambda: read_picked_points(folder / "x.pp")


def marked_points(folder: Path) -> Reader:
    """A .pp with a byte order mark, a declared encoding and a name in it."""
    points = "".join(f' <point x="{k}" y="0.5" z="-1e-3" active="1" name="{k}"/>\n' for k in range(7))
    text = f'<?xml version="1.0" encoding="latin-1"?><P><templateName name="Müller"/>{points}</P>'
    (folder / "x.pp").write_bytes(text.encode("utf-8-sig"))
    return folder / "x.pp", lambda: read_picked_points(folder / "x.pp")


def landmarks_text(folder: Path) -> Reader:
    """NoW's seven points as text."""
    write_text(folder / "x.txt", "\n".join("1.5 -2 3e1" for _ in range(7)))
    return folder / "x.txt", lambda: read_landmarks(folder / "x.txt")


def scans(folder: Path) -> Reader:
    """NoW's scans, packed (a zip of arrays)."""
    np.savez(folder / "scans.npz", **{"a/vertices": np.zeros((3, 3)), "a/landmarks": np.zeros((7, 3))})
    return folder / "scans.npz", lambda: read_scans(folder)


READERS = (obj, encoded_obj, ply, text_ply, mixed_ply, picked_points, marked_points, landmarks_text, scans)
