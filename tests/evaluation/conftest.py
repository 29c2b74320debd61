"""Stand-ins for the NoW tests: the reference pairs, and a small set on disk in the published layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

FIXTURE = Path(__file__).parents[1] / "fixtures" / "now" / "reference.npz"


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """The arrays of tests/fixtures/now/reference.npz."""
    with np.load(FIXTURE) as arrays:
        return {name: arrays[name] for name in arrays}


@pytest.fixture(scope="session")
def face(reference: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A light scan and the metrical prediction (mm): the arguments of `now_errors` by name."""
    return {
        "scan_vertices": reference["scan_vertices"][::20].astype(np.float64),
        "scan_landmarks": reference["scan_landmarks"].astype(np.float64),
        "prediction_vertices": reference["m02/prediction_vertices"].astype(np.float64),
        "prediction_triangles": reference["prediction_triangles"].astype(np.int64),
        "prediction_landmarks": reference["m02/prediction_landmarks"].astype(np.float64),
    }


class ScanSet:
    """A data set of two people, one of whom has no scan."""

    def __init__(self, face: dict[str, np.ndarray]) -> None:
        self.names = [
            "FaMoS_1/multiview_neutral/IMG_0001.jpg",
            "FaMoS_1/multiview_occlusions/IMG_0002.jpg",
            "FaMoS_1/multiview_occlusions/IMG_0003.jpg",
            "FaMoS_2/selfie/IMG_0004.jpg",
        ]
        self._face = face
        self.reads = 0

    def scan(self, subject: str) -> tuple[np.ndarray, np.ndarray]:
        from focus.errors import FocusError

        self.reads += 1
        if subject != "FaMoS_1":
            raise FocusError(f"scans/{subject}: 0 .obj files, expected exactly one")
        return self._face["scan_vertices"], np.zeros((0, 3), np.int64)

    def scan_landmarks(self, subject: str) -> np.ndarray:
        return self._face["scan_landmarks"]


@pytest.fixture
def scan_set(face: dict[str, np.ndarray]) -> ScanSet:
    return ScanSet(face)


@pytest.fixture
def predictions(face: dict[str, np.ndarray], scan_set: ScanSet, tmp_path: Path) -> Path:
    """Good predictions in NoW form for every line of `scan_set`."""
    from focus.datasets.meshes import write_obj

    root = tmp_path / "predictions"
    for line in scan_set.names:
        stem = (root / line).with_suffix("")
        write_obj(stem.with_suffix(".obj"), face["prediction_vertices"], face["prediction_triangles"])
        np.save(stem.with_suffix(".npy"), face["prediction_landmarks"])
    return root
