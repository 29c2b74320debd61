"""`focus now evaluate`, `distance` and `submit`: the NoW benchmark for anybody's predictions."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

SOME_FAILED = 3
SHOWN = 20  # images named on standard error; all of them are in images.csv
app = typer.Typer(help="The NoW benchmark: distances of meshes to scans, submissions.", no_args_is_help=True)


Challenge = StrEnum("Challenge", ["multiview_neutral", "multiview_expressions", "multiview_occlusions", "selfie"])
Split = StrEnum("Split", ["test", "validation"])
Unit = StrEnum("Unit", ["mm", "cm", "m"])
MILLIMETRES = {Unit.mm: 1.0, Unit.cm: 10.0, Unit.m: 1000.0}

Metrical = Annotated[bool, typer.Option("--metrical", help="Hold the scale: predictions are in mm, or in --unit.")]
PredictedUnit = Annotated[Unit, typer.Option("--unit", help="Unit of the predictions; only --metrical depends on it.")]


@app.command()
def evaluate(
    dataset: Annotated[Path, typer.Argument(help="NoW's folder, with imagepathsvalidation.txt and scans.")],
    predictions: Annotated[Path, typer.Argument(help="<subject>/<challenge>/<image>.obj|.ply and .npy|.txt below it.")],
    out: Annotated[Path, typer.Option(help="Folder for images.csv, summary.json, curve.csv and curve.png.")],
    challenge: Annotated[Challenge | None, typer.Option(help="Only this part of the set.")] = None,
    metrical: Metrical = False,
    unit: PredictedUnit = Unit.mm,
) -> None:
    """Evaluate a set of predictions on the scans.

    Prints the pooled median, mean and std in mm; images that could not be measured are named on standard error, the
    first of them. Exit code 0: all measured; 3: some not.
    """
    import matplotlib  # noqa: F401 - draws the curve at the end; whoever lacks it should hear so at the start

    from focus.datasets.now import NoW
    from focus.errors import FocusError
    from focus.evaluation.now_benchmark import evaluate_now, write_report

    part = None if challenge is None else challenge.value
    report = evaluate_now(NoW(dataset, "validation"), predictions, part, metrical=metrical, unit_mm=MILLIMETRES[unit])
    write_report(report, out)
    rows = report.with_status("warning", "missing", "failed")
    for row in rows[:SHOWN]:
        typer.echo(f"{row.status}: {row.image}: {row.reason}", err=True)
    if len(rows) > SHOWN:
        typer.echo(f"… and {len(rows) - SHOWN} more: {out}/images.csv", err=True)
    pooled = report.pooled()
    if not pooled["images"]:
        raise FocusError(
            f"{predictions}: none of {len(report.rows)} images could be measured; reasons in {out}/images.csv"
        )
    figures = ", ".join(f"{name} {pooled[name]:.3f}" for name in ("median", "mean", "std"))
    typer.echo(f"{figures} mm over {pooled['points']} points of {pooled['images']} of {len(report.rows)} images; {out}")
    if report.with_status("missing", "failed"):
        raise typer.Exit(SOME_FAILED)


@app.command()
def distance(
    scan: Annotated[Path, typer.Option(help="Scan mesh, .obj or .ply, mm.")],
    scan_landmarks: Annotated[Path, typer.Option(help="Its seven points: MeshLab .pp, or .npy or .txt.")],
    prediction: Annotated[Path, typer.Option(help="Predicted mesh, .obj or .ply.")],
    landmarks: Annotated[Path, typer.Option(help="Its seven points, .npy or .txt.")],
    metrical: Metrical = False,
    unit: PredictedUnit = Unit.mm,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure one prediction against one scan.

    Warnings go to standard error.
    """
    from focus.datasets.meshes import read_landmarks, read_mesh, read_picked_points
    from focus.evaluation.now import now_errors

    read_points = read_picked_points if scan_landmarks.suffix.lower() == ".pp" else read_landmarks
    vertices, triangles = read_mesh(prediction)[:2]
    points, unit_mm = read_landmarks(landmarks), MILLIMETRES[unit]
    result = now_errors(
        read_mesh(scan)[0], read_points(scan_landmarks), unit_mm * vertices, triangles, unit_mm * points, metrical
    )
    for line in result.warnings:
        typer.echo(f"warning: {line}", err=True)
    figures = result.statistics
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        typer.echo(
            ", ".join(f"{k} {figures[k]:.3f}" for k in ("median", "mean", "std")) + f" mm, {figures['points']} points"
        )


@app.command()
def submit(
    method: Annotated[str, typer.Argument(help="A method of params.yaml, or a folder of predictions in NoW form.")],
    out: Annotated[Path, typer.Option(help="Zip to write.")],
    split: Annotated[Split, typer.Option(help="Whose list: the server wants test.")] = Split.test,
    dataset: Annotated[Path | None, typer.Option(help="NoW's folder; default: the profile's, or the emulated.")] = None,
    reach: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the evaluated radius that each mesh must reach.")
    ] = 0.9,
) -> None:
    """Check and pack predictions for NoW's server.

    Neutral meshes and landmarks for every image of the test list.

    Refused, with the reason: a missing prediction, another unit, landmarks in another order or off the mesh, a mesh
    that does not cover the evaluated region. The embedded face has no ears and neck, so that many fall short of it.
    """
    from focus.commands.submit import submit as write

    typer.echo(write(method, out, split.value, dataset, reach))
