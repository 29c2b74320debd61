"""One row of values per image, the same for every method: image fitting, segmentation, NoW."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from focus.datasets.packed import PackedSet
from focus.datasets.scans import Scan
from focus.errors import FocusError
from focus.evaluation.image_fitting import READINGS
from focus.evaluation.now import statistics
from focus.evaluation.scan_fit import scan_errors
from focus.evaluation.segmentation import scores
from focus.face_model import FaceModel
from focus.files import write_csv, write_json
from focus.model.inference import Prediction
from focus.registry.metrics import METRICS

COLUMNS = ["method", "testset", "subset", "image", "subject", "occluder", *METRICS, "points", "occluder_fraction"]
FACTS = ("occluder", "occluder_fraction")
FITS = {name: READINGS[name] for name in METRICS if name in READINGS}
"""The metrics of a reconstruction: target, reconstruction, visible face and rendered region -> value."""


def image_rows(packed: PackedSet, start: int, prediction: Prediction) -> Iterator[dict[str, object]]:
    """Yield a row for each predicted image, from position `start` of the set: the values of Tables 1, 4 and 5."""
    rendered = prediction.rendered[:, 0].numpy()
    images = prediction.images.permute(0, 2, 3, 1).numpy()
    for place in range(len(images)):
        mask = None if prediction.mask is None else prediction.mask[place, 0].numpy()
        yield image_row(packed, start + place, images[place], rendered[place], mask)


def image_row(
    packed: PackedSet, position: int, image: np.ndarray, rendered: np.ndarray, mask: np.ndarray | None
) -> dict[str, object]:
    """Return one image's row for a reconstruction (S,S,3), its region (S,S) 0/1 and a mask (S,S) 0..1 or None."""
    if packed.visible is None:
        raise FocusError(f"{packed.folder}: found no visible-face masks, expected one an image")
    visible = packed.visible[position]
    target = packed.images[position]
    row = about(packed, position) | {name: fit(target, image, visible, rendered) for name, fit in FITS.items()}
    return row if mask is None else row | asdict(scores(mask, visible, rendered))


def about(packed: PackedSet, position: int) -> dict[str, object]:
    """Return what is known of an image without a prediction: name, subject, subset, occluder."""
    row = packed.index[position]
    known = {key: row[key] for key in FACTS if row.get(key)}
    return {"image": row["name"], "subject": row["subject"], "subset": row["subset"], **known}


def now_rows(
    packed: PackedSet, scans: Mapping[str, Scan], meshes: Tensor, model: FaceModel, subsets: Mapping[str, str]
) -> tuple[list[dict[str, object]], dict[str, list[np.ndarray]]]:
    """Evaluate neutral meshes (N,V,3) mm against the scans by the NoW protocol (non-metrical).

    Returns a row per image, and the errors of all scan points in mm by subset: "all", and Table 3's "unoccluded" and
    "occluded" (`subsets`: image name -> one of the two).
    """
    rows: list[dict[str, object]] = []
    errors = no_errors()
    for position, vertices in enumerate(meshes.double().numpy()):
        found = scan_errors(model, scans[str(packed.index[position]["subject"])], vertices).errors
        rows.append(now_row(packed, position, found, subsets, errors))
    return rows, errors


def person_rows(
    packed: PackedSet,
    scans: Mapping[str, Scan],
    meshes: Mapping[str, np.ndarray],
    model: FaceModel,
    subsets: Mapping[str, str],
) -> tuple[list[dict[str, object]], dict[str, list[np.ndarray]]]:
    """Return what `now_rows` returns for one mesh (V,3) mm a person, the same on all of the person's images."""
    results = {person: scan_errors(model, scans[person], vertices) for person, vertices in meshes.items()}
    rows: list[dict[str, object]] = []
    errors = no_errors()
    for position in range(len(packed)):
        person = str(packed.index[position]["subject"])
        rows.append(now_row(packed, position, results[person].errors, subsets, errors))
    return rows, errors


def no_errors() -> dict[str, list[np.ndarray]]:
    """Return the empty errors of NoW: all images, and Table 3's two subsets."""
    return {"all": [], "unoccluded": [], "occluded": []}


def now_row(
    packed: PackedSet,
    position: int,
    found: np.ndarray,
    subsets: Mapping[str, str],
    errors: dict[str, list[np.ndarray]],
) -> dict[str, object]:
    """Return one image's row for the errors (n,) mm of its scan points, and add these to `errors`."""
    row = about(packed, position)
    subset = subsets.get(str(row["image"]), "none")
    for name in {"all", subset} & set(errors):
        errors[name].append(found)
    figures = {f"now_{key}": value for key, value in statistics(found).items() if key != "points"}
    return row | {"testset": "NoW", "subset": subset, "points": len(found), **figures}


def pooled(errors: Mapping[str, list[np.ndarray]]) -> dict[str, dict[str, float]]:
    """Return median, mean and std (ddof 0) in mm over all scan points of all images of each subset."""
    figures = {}
    for name, parts in errors.items():
        if parts:
            values = statistics(np.concatenate(parts))
            figures[name] = {key: round(float(values[key]), 6) for key in ("median", "mean", "std")}
            figures[name]["images"] = len(parts)
    return figures


def write_figures(
    folder: Path, method: str, rows: Iterable[Mapping[str, object]], now: Mapping[str, dict[str, float]]
) -> None:
    """Write images.csv (six significant digits) and pooled.json of one method."""
    frame = pd.DataFrame([{**row, "method": method} for row in rows], columns=COLUMNS)
    frame["points"] = frame["points"].astype("Int64")
    write_csv(folder / "images.csv", frame, "%.6g")
    write_json(folder / "pooled.json", {"NoW": json.loads(json.dumps(now))})
