"""Files in the form of the authors' `idxes_crop.pkl`, made by code: their own is not part of the project."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from focus.face_model import FaceModel
from focus.face_model.crop_file import CROP_LANDMARKS_68, ROWS

VERTICES = 40_000  # of the part; the release's list goes up to 35,398


def crop_indices(model: FaceModel) -> dict[str, Any]:
    """Return a crop of a full-size model: its front, numbered so that the release's list names the landmarks."""
    vertices = np.argsort(-model.shape_mean[:, 2].numpy(), kind="stable")[:VERTICES]
    for place, vertex in zip(CROP_LANDMARKS_68, model.landmarks68.tolist(), strict=True):
        here = int(np.flatnonzero(vertices == vertex)[0])
        vertices[[place, here]] = vertices[[here, place]]
    renumbered = np.full(model.vertex_count, -1)
    renumbered[vertices] = np.arange(VERTICES)
    cells = renumbered[model.triangles.numpy()]
    rows = (3 * vertices[:, None] + np.arange(3)).ravel()
    return {"points": vertices, "cells": cells[(cells >= 0).all(1)].T, **dict.fromkeys(ROWS, rows)}


def write_crop(path: Path, content: dict[str, Any], protocol: int = 3) -> Path:
    """Pickle a crop as Python 3.6 with NumPy did; with sharing undone, as separate arrays have it."""
    separate = {key: np.array(value) if isinstance(value, np.ndarray) else value for key, value in content.items()}
    path.write_bytes(pickle.dumps(separate, protocol=protocol).replace(b"numpy._core", b"numpy.core"))
    return path
