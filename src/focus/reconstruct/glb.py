"""Binary glTF 2.0 (Khronos, ISO/IEC 12113): one mesh with its texture, in one file that any viewer opens.

Written here, since the packages that write it take longer to load than a photograph's whole reconstruction.
"""

from __future__ import annotations

import json
import struct

import numpy as np

_FLOAT, _UNSIGNED_INT = 5126, 5125  # component types
_VERTICES, _INDICES = 34962, 34963  # targets of buffer views: ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER
_MAGIC, _VERSION, _JSON, _BINARY = 0x46546C67, 2, 0x4E4F534A, 0x004E4942


def glb(vertices: np.ndarray, triangles: np.ndarray, uv: np.ndarray, texture: bytes) -> bytes:
    """Return a .glb of vertices (V,3) mm, triangles (F,3) and texture coordinates (V,2), u right, v up.

    In metres, as the format has it, y up; `texture` is a PNG and goes in as it is.
    """
    places = (vertices / 1000).astype("<f4")
    parts = [
        places.tobytes(),
        (uv * (1, -1) + (0, 1)).astype("<f4").tobytes(),  # glTF counts v from the top
        triangles.astype("<u4").tobytes(),
        texture,
    ]
    starts = np.cumsum([0, *(len(_padded(part, b"\0")) for part in parts)]).tolist()
    views = [
        {"buffer": 0, "byteOffset": start, "byteLength": len(part)} for start, part in zip(starts, parts, strict=False)
    ]
    for view, target in zip(views, (_VERTICES, _VERTICES, _INDICES), strict=False):
        view["target"] = target
    binary = b"".join(_padded(part, b"\0") for part in parts)
    header = {
        "asset": {"version": "2.0", "generator": "FOCUS-repro"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]},
        ],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0}, "metallicFactor": 0.0, "roughnessFactor": 0.9,
                }
            }
        ],
        "textures": [{"source": 0}],
        "images": [{"bufferView": 3, "mimeType": "image/png"}],
        "accessors": [
            _accessor(0, _FLOAT, "VEC3", len(places))
            | {"min": places.min(0).tolist(), "max": places.max(0).tolist()},
            _accessor(1, _FLOAT, "VEC2", len(uv)),
            _accessor(2, _UNSIGNED_INT, "SCALAR", triangles.size),
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }  # fmt: skip
    chunks = _chunk(_JSON, _padded(json.dumps(header, separators=(",", ":")).encode(), b" ")) + _chunk(_BINARY, binary)
    return struct.pack("<III", _MAGIC, _VERSION, 12 + len(chunks)) + chunks


def _accessor(view: int, component: int, kind: str, count: int) -> dict[str, object]:
    return {"bufferView": view, "componentType": component, "type": kind, "count": count}


def _padded(content: bytes, filler: bytes) -> bytes:
    """Every part begins at a multiple of four bytes."""
    return content + filler * (-len(content) % 4)


def _chunk(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", len(content), kind) + content
