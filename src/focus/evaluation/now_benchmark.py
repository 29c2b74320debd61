"""The NoW benchmark over a whole set: every image of a list counted, errors pooled, tables and curve written."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from focus.datasets.meshes import read_landmarks, read_mesh
from focus.datasets.now import NoW
from focus.errors import FocusError
from focus.evaluation.now import now_errors, statistics
from focus.evaluation.now_alignment import FloatArray
from focus.files import in_any_case, write_bytes, write_csv, write_json

MESH_SUFFIXES, LANDMARK_SUFFIXES = (".obj", ".ply"), (".npy", ".txt")  # the first that exists is read, as published
EVALUATED = ("ok", "warning")
CURVE_MM = np.linspace(0.0, 8.0, 161)
# Of images.csv: values in mm with six decimals, empty where nothing was measured.
COLUMNS = ("image", "challenge", "points", "median", "mean", "std", "status", "reason")


@dataclass(frozen=True)
class ImageRow:
    """Outcome for one line of the list; the values are None where nothing could be measured."""

    image: str
    challenge: str
    status: str  # ok | warning (measured, with `reason`) | missing (no prediction) | failed
    reason: str = ""
    points: int = 0
    median: float | None = None
    mean: float | None = None
    std: float | None = None


@dataclass(frozen=True)
class NowReport:
    """Outcome for a whole set: one row and one array of errors (n,) in mm a line, in the list's order."""

    rows: tuple[ImageRow, ...]
    errors: tuple[FloatArray, ...]  # empty arrays where nothing could be measured
    metrical: bool

    def pooled(self, challenge: str | None = None) -> dict[str, float | int | None]:
        """Pool the errors of all scan points of all images, or of one challenge's, as the benchmark does.

        Returns median, mean, std (ddof 0; mm; None without points), points, images (measured ones).
        """
        chosen = [
            errors
            for row, errors in zip(self.rows, self.errors, strict=True)
            if row.status in EVALUATED and challenge in (None, row.challenge)
        ]
        if not chosen:
            return {"median": None, "mean": None, "std": None, "points": 0, "images": 0}
        found = statistics(np.concatenate(chosen))
        figures: dict[str, float | int | None] = {"median": found["median"], "mean": found["mean"], "std": found["std"]}
        return figures | {"points": found["points"], "images": len(chosen)}

    def curve(self) -> FloatArray:
        """Return (161, 2): a distance from 0 to 8 mm, and the percentage of pooled points at most that far off."""
        return error_curve(np.concatenate([*self.errors, np.empty(0)])) * (1, 100)

    def with_status(self, *statuses: str) -> list[ImageRow]:
        """Return the rows that have one of these statuses."""
        return [row for row in self.rows if row.status in statuses]


def error_curve(errors: FloatArray) -> FloatArray:
    """Return (161, 2): a distance from 0 to 8 mm, and the share (0..1) of errors (n,) at most as large; 0 of none."""
    return np.stack([CURVE_MM, np.searchsorted(np.sort(errors), CURVE_MM, side="right") / max(len(errors), 1)], axis=1)


def evaluate_now(
    dataset: NoW, predictions: Path, challenge: str | None = None, *, metrical: bool = False, unit_mm: float = 1.0
) -> NowReport:
    """Evaluate predictions in NoW form, `<predictions>/<subject>/<challenge>/IMG_xxxx.{obj|ply}` + `.npy|.txt`.

    A missing or bad prediction, or a missing scan, becomes a row with its reason; it never ends the run. `unit_mm`:
    millimetres in one unit of the predictions, which the metrical protocol depends on.

    Raises:
        FocusError: no such folder of predictions, or a challenge that the list does not have.
    """
    if not predictions.is_dir():
        raise FocusError(f"{predictions}: no such folder; expected predictions <subject>/<challenge>/<image>.obj")
    challenges = list(dict.fromkeys(challenge_of(line) for line in dataset.names))
    if challenge is not None and challenge not in challenges:
        raise FocusError(f"challenge: {challenge!r}, expected one of {', '.join(challenges)}")
    scan_of = lru_cache(maxsize=2)(lambda subject: (dataset.scan(subject)[0], dataset.scan_landmarks(subject)))
    rows, errors = [], []
    for line in dataset.names:
        if challenge in (None, challenge_of(line)):
            row, distances = evaluate_image(line, scan_of, predictions, metrical=metrical, unit_mm=unit_mm)
            rows.append(row)
            errors.append(distances)
    return NowReport(tuple(rows), tuple(errors), metrical)


def evaluate_image(
    line: str,
    scan_of: Callable[[str], tuple[FloatArray, FloatArray]],
    predictions: Path,
    *,
    metrical: bool,
    unit_mm: float,
) -> tuple[ImageRow, FloatArray]:
    """Evaluate one line of the list; returns its row and its errors (n,) in mm, empty when there are none."""
    none = np.empty(0)
    try:
        mesh, landmarks = prediction_files(predictions, line)
    except FocusError as error:
        return ImageRow(line, challenge_of(line), "missing", str(error)), none
    try:
        vertices, points = scan_of(line.split("/")[-3])
        predicted, triangles = read_mesh(mesh)[:2]
        result = now_errors(
            vertices, points, unit_mm * predicted, triangles, unit_mm * read_landmarks(landmarks), metrical
        )
    except (FocusError, OSError, ValueError) as error:  # ValueError: e.g. a file no reader foresaw
        return ImageRow(line, challenge_of(line), "failed", " ".join(str(error).split())), none
    status = "warning" if result.warnings else "ok"
    row = ImageRow(line, challenge_of(line), status, "; ".join(result.warnings), **result.statistics)
    return row, result.errors


def challenge_of(line: str) -> str:
    """Return the challenge in a line `<subject>/<challenge>/<file>`. FocusError on a line of another form."""
    parts = line.split("/")
    if len(parts) < 3:
        raise FocusError(f"NoW list: line {line!r}, expected <subject>/<challenge>/<image file>")
    return parts[-2]


def prediction_files(predictions: Path, line: str) -> tuple[Path, Path]:
    """Return the mesh and the landmark file predicted for a line of the list. FocusError when one is missing."""
    stem = predictions.joinpath(*line.split("/")[-3:])
    found = []
    for what, suffixes in (("mesh", MESH_SUFFIXES), ("landmarks", LANDMARK_SUFFIXES)):
        candidates = [path for ending in suffixes if (path := in_any_case(stem.with_suffix(ending))).is_file()]
        if not candidates:
            raise FocusError(f"{stem.with_suffix('')}: no {what}, expected {' or '.join(suffixes)}")
        found.append(candidates[0])
    return found[0], found[1]


def write_report(report: NowReport, folder: Path) -> None:
    """Write images.csv, summary.json, curve.csv and curve.png into `folder`. Equal reports give equal bytes."""
    import pandas as pd

    write_csv(folder / "images.csv", pd.DataFrame([vars(row) for row in report.rows], columns=COLUMNS), "%.6f")
    write_json(folder / "summary.json", summary(report))
    millimetres, percent = report.curve().T
    curve = pd.DataFrame({"millimetres": [f"{x:.2f}" for x in millimetres], "percent": percent})
    write_csv(folder / "curve.csv", curve, "%.6f")
    write_bytes(folder / "curve.png", curve_picture(report))


def summary(report: NowReport) -> dict[str, object]:
    """Return the pooled values (mm), overall and per challenge, the counts, and what was not measured and why."""
    challenges = list(dict.fromkeys(row.challenge for row in report.rows))
    statuses = ("ok", "warning", "missing", "failed")

    def reasons(*chosen: str) -> list[dict[str, str]]:
        return [{"image": r.image, "status": r.status, "reason": r.reason} for r in report.with_status(*chosen)]

    return {
        "protocol": "metrical" if report.metrical else "non-metrical",
        "pooled": report.pooled(),
        "challenges": {challenge: report.pooled(challenge) for challenge in challenges},
        "listed": len(report.rows),
        "counts": {status: len(report.with_status(status)) for status in statuses},
        "not_measured": reasons("missing", "failed"),
        "warnings": reasons("warning"),
    }


def curve_picture(report: NowReport) -> bytes:
    """Return the cumulative error curve as PNG, the same bytes for the same report."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.plot(*report.curve().T, color="tab:blue")
    axes.set(xlim=(0, 8), ylim=(0, 100), xlabel="distance from scan to prediction [mm]", ylabel="scan points [%]")
    axes.set_title(f"{report.pooled()['images']} of {len(report.rows)} images", fontsize=10)
    axes.grid(alpha=0.3)
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None})
    return stream.getvalue()
