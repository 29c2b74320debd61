"""The face model fitted to a scan."""

import numpy as np
import pytest
import torch

import tiny
from focus.datasets.scans import Scan
from focus.evaluation.per_image import now_rows, person_rows
from focus.evaluation.scan_fit import fit_scan, scan_errors
from focus.stages import paths

ALPHA = [1.2, -0.8, 0.5, -1.5]


def vertices_of(alpha) -> np.ndarray:
    return tiny.face_model().neutral(torch.tensor([alpha]).float())[0].double().numpy()


def moved_scan(vertices: np.ndarray) -> Scan:
    """A scan of a model face, turned, moved and a tenth larger, of points between the vertices."""
    model, (c, s) = tiny.face_model(), (np.cos(0.3), np.sin(0.3))
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    centres = vertices[model.triangles.numpy()].mean(1)
    return Scan(*(1.1 * points @ turn.T + [5, -3, 20] for points in (centres, vertices[model.landmarks_now.numpy()])))


def test_a_face_of_the_model_is_found(monkeypatch):
    """The bound would not be one: a face that the model holds would be missed, or its place and size not undone."""
    model, scan = tiny.face_model(), moved_scan(vertices_of(ALPHA))
    found = vertices_of(fit_scan(model, scan))
    before = scan_errors(model, scan, vertices_of([0.0] * 4)).errors
    after = scan_errors(model, scan, found).errors
    assert np.median(after) < 0.1 * np.median(before)


def test_noise_is_met_by_the_prior():
    """Coefficients would run away where the scan says little: the prior's weight is the noise's variance."""
    model, rng = tiny.face_model(), np.random.default_rng(0)
    scan = moved_scan(vertices_of([0.0] * 4))
    noisy = Scan(scan.vertices + rng.normal(0, 3, scan.vertices.shape), scan.landmarks)
    assert np.abs(fit_scan(model, noisy)).max() < 3


def test_one_mesh_a_person_is_scored_as_one_mesh_an_image(tmp_path):
    """A best fit would be measured by another protocol than the methods beside it."""
    packed = tiny.packed_faces(tmp_path / paths.PACKED.name, 3)
    model = tiny.face_model()
    people = [str(row["subject"]) for row in packed.index]
    scan, mesh = moved_scan(vertices_of(ALPHA)), vertices_of([0.0] * 4)
    scans = dict.fromkeys(people, scan)
    meshes = torch.from_numpy(mesh).repeat(3, 1, 1)
    each = now_rows(packed, scans, meshes, model, {})
    shared = person_rows(packed, scans, dict.fromkeys(people, mesh), model, {})
    assert each[0] == shared[0] and len(each[0]) == 3
    assert all(np.array_equal(*pair) for pair in zip(each[1]["all"], shared[1]["all"], strict=True))


def test_a_scan_without_a_face_is_refused():
    """A scan in metres would get a fit that means nothing."""
    scan = moved_scan(vertices_of(ALPHA))
    with pytest.raises(Exception, match="expected"):
        fit_scan(tiny.face_model(), Scan(scan.vertices / 1000, scan.landmarks / 1000))
