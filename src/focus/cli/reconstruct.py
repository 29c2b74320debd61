"""`focus reconstruct`: photographs and folders in; for each face a folder of meshes, pictures and parameters out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

SOME_FAILED = 3


def reconstruct(
    photos: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder to write to: OUT/<photo>[_k]/ for each face.")],
    model: Annotated[str, typer.Option(help="A model's name, or the path of a bundle.")] = "demo",
    fit: Annotated[
        int | None, typer.Option(min=0, max=10_000, help="Steps of refinement on the photograph; 0 for none.")
    ] = None,
    landmarks: Annotated[
        Path | None, typer.Option(help="CSV with rows filename, x0, y0 … x67, y67 in pixels; a row a face.")
    ] = None,
    misfit_prior: Annotated[
        bool, typer.Option("--misfit-prior/--no-misfit-prior", help="Subtract the misfit prior (Eq. 11).")
    ] = True,
    batch: Annotated[int, typer.Option(min=1, max=1024, help="Faces worked on together.")] = 8,
    # Small networks gain nothing by a second thread, and on a busy machine lose much: each waits for the other's turn.
    threads: Annotated[int, typer.Option(min=1, max=1024, help="CPU threads; more than 1 serve large models.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
) -> None:
    """Reconstruct every face of photographs in 3D. Exit code 0: all; 3: some failed, see OUT/failures.csv."""
    with uncollected():
        from focus.datasets.landmark_table import LandmarkTable
        from focus.reconstruct.batch import Job, run_job

    table = None if landmarks is None else LandmarkTable.read(landmarks)
    job = Job(photos, out, model, fit, table, misfit_prior, batch, threads, device)
    summary = run_job(job, lambda line: typer.echo(line), lambda line: typer.echo(line, err=True))
    typer.echo(summary.line(out))
    if summary.failures:
        raise typer.Exit(SOME_FAILED)


@contextmanager
def uncollected() -> Iterator[None]:
    """Import without Python's garbage collector, which would look through all of torch's objects again and again.

    What was loaded is left out of its later rounds, too: it stays to the end.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
