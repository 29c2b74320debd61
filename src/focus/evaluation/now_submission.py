"""Predictions packed in the form the NoW benchmark's server asks for, checked first.

Nothing can be measured before sending (the test scans are not public), so the checks ask what goes wrong most: another
unit, landmarks in another order, a mesh cropped more tightly than the region that is evaluated.
"""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from focus.datasets.meshes import read_landmarks, read_mesh, write_obj
from focus.errors import FocusError
from focus.evaluation.now import (
    EYE_DISTANCE_MM,
    LANDMARKS,
    LOOSE_FIT_MM,
    checked_landmarks,
    checked_surface,
    face_region,
    likely_unit,
)
from focus.evaluation.now_alignment import FloatArray, procrustes
from focus.evaluation.now_benchmark import prediction_files

# Round figures of an adult face, mm (x to the image's right, y up, z to the viewer): enough to tell the order.
USUAL_FACE = np.array(
    [[-46, 32, -8], [-17, 31, 0], [17, 31, 0], [46, 32, -8], [0, -14, 22], [-26, -38, 8], [26, -38, 8]],
    dtype=np.float64,
)
Prediction = tuple[FloatArray, FloatArray, FloatArray]
"""Vertices (V, 3) mm, triangles (F, 3) from 0, landmarks (7, 3) mm in the order of `LANDMARKS`."""
SECTORS = 16
REACH = 0.9  # share of the evaluated radius that the mesh must reach in every direction around the face
DIRECTIONS = ("image's right", "forehead", "image's left", "chin")


def in_folder(folder: Path) -> Callable[[str], Prediction]:
    """Return a function that reads the prediction of a line from a folder in NoW form."""

    def read(line: str) -> Prediction:
        mesh_file, landmark_file = prediction_files(folder, line)
        return *read_mesh(mesh_file)[:2], read_landmarks(landmark_file)

    return read


def check_submission(
    predictions: Callable[[str], Prediction], lines: Sequence[str], *, reach: float = REACH
) -> dict[str, str]:
    """Return what is wrong with the predictions for these lines of the list: {line: reason}, empty when all is well.

    `reach` is the share of the evaluated radius that each mesh must reach. The full BFM reaches it all, many an
    embedded face, without ears and neck, less than `REACH`.
    """
    problems = {}
    for line in lines:
        try:
            checked_prediction(predictions, line, reach)
        except FocusError as error:
            problems[line] = str(error)
    return problems


def write_submission(
    predictions: Callable[[str], Prediction], lines: Sequence[str], out: Path, *, reach: float = REACH
) -> int:
    """Write `<subject>/<challenge>/IMG_xxxx.obj` (no colours) and `.npy` (7, 3) float64 for every line into a zip.

    Equal predictions give equal bytes; the file appears whole or not at all. Returns the number of predictions.

    Raises:
        FocusError: an empty list, or any prediction that `check_submission` would name (the first, and how many).
    """
    if not lines:
        raise FocusError("NoW list: no image, expected at least one to submit")
    problems = check_submission(predictions, lines, reach=reach)
    if problems:
        reason = next(iter(problems.values()))
        raise FocusError(f"{len(problems)} of {len(lines)} predictions refused, nothing written; the first: {reason}")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with TemporaryDirectory() as scratch, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for line in sorted(lines):
                add_prediction(archive, predictions, line, Path(scratch, "mesh.obj"), reach)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return len(lines)


def add_prediction(
    archive: zipfile.ZipFile, predictions: Callable[[str], Prediction], line: str, scratch: Path, reach: float
) -> None:
    """Add one prediction's mesh and landmarks to the archive under fixed dates."""
    vertices, triangles, landmarks = checked_prediction(predictions, line, reach)
    write_obj(scratch, vertices, triangles)
    array = io.BytesIO()
    np.save(array, landmarks, allow_pickle=False)
    name = "/".join(line.split("/")[-3:]).rsplit(".", 1)[0]
    for suffix, content in ((".obj", scratch.read_bytes()), (".npy", array.getvalue())):
        entry = zipfile.ZipInfo(name + suffix, date_time=(1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)


def checked_prediction(predictions: Callable[[str], Prediction], line: str, reach: float) -> Prediction:
    """Return one prediction if it is fit to be sent. FocusError naming the image, and file or reason, otherwise."""
    vertices, triangles, landmarks = predictions(line)
    try:
        surface, _ = checked_surface(vertices, triangles)
        landmarks = checked_landmarks("landmarks", landmarks)
        check_landmarks(landmarks)
        off = float(np.sqrt(surface.closest(landmarks).squared.max()))
        if off > LOOSE_FIT_MM:
            raise FocusError(f"landmarks up to {off:.1f} mm off the mesh, expected on its surface")
        check_extent(surface.vertices[np.unique(surface.triangles)], landmarks, reach)
    except FocusError as error:
        raise FocusError(f"{line}: {error}") from None
    return vertices, triangles, landmarks


def check_landmarks(landmarks: FloatArray) -> None:
    """Raise FocusError unless seven landmarks (7, 3) are in mm and in the benchmark's order."""
    eyes = float(np.linalg.norm(landmarks[0] - landmarks[3]))
    fit = procrustes(USUAL_FACE, landmarks)
    if not EYE_DISTANCE_MM[0] / 92 < 1 / fit.scale < EYE_DISTANCE_MM[1] / 92:
        raise FocusError(f"outer eye corners {eyes:.4g} apart ({likely_unit(fit.scale)}), expected about 90 mm")
    loose = float(np.sqrt(((fit.apply(landmarks) - USUAL_FACE) ** 2).sum(1).mean()))
    if fit.mirrored or loose > LOOSE_FIT_MM:
        found = "a mirror image (left and right swapped?)" if fit.mirrored else f"{loose:.0f} mm off a usual face"
        raise FocusError(f"landmarks are {found}, expected the order {', '.join(LANDMARKS)}")


def check_extent(vertices: FloatArray, landmarks: FloatArray, share: float = REACH) -> None:
    """Raise FocusError unless the mesh reaches `share` of the evaluated radius in every direction around the face."""
    centre, radius = face_region(landmarks)
    right = landmarks[3] - landmarks[0]
    right /= np.linalg.norm(right)
    up = (landmarks[1] + landmarks[2]) / 2 - landmarks[4]
    up -= (up @ right) * right
    up /= np.linalg.norm(up)
    offset = vertices - centre
    sector = np.floor(np.arctan2(offset @ up, offset @ right) / (2 * np.pi) * SECTORS + 0.5).astype(int) % SECTORS
    reach = np.zeros(SECTORS)
    np.maximum.at(reach, sector, np.linalg.norm(offset, axis=1))
    worst = int(reach.argmin())
    if reach[worst] < share * radius:
        towards = DIRECTIONS[round(worst / SECTORS * 4) % 4]
        raise FocusError(
            f"mesh reaches only {reach[worst]:.0f} mm towards the {towards}, expected the whole evaluated region "
            f"({radius:.0f} mm around the nose): submit the full mesh, not a cropped one"
        )
