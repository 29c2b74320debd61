"""`focus face-model from-ict`: other openly licensed face models in BFM 2017's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Other openly licensed face models, in BFM 2017's layout.", no_args_is_help=True)


@app.command("from-ict")
def from_ict(
    folder: Annotated[Path, typer.Argument(help="A clone of ICT-FaceKit, or its FaceXModel.")],
    out: Annotated[Path, typer.Argument(help="The HDF5 file to write.")],
) -> None:
    """Convert ICT-FaceKit's light model (MIT): 100 identity and 53 expression shapes, with the heads' albedo."""
    from focus.face_model import write_bfm
    from focus.face_model.ict_facekit import read_ict

    arrays = read_ict(folder)
    write_bfm(out, arrays)
    counts = (len(part.variance) for part in (arrays.shape, arrays.expression, arrays.colour))
    sizes = "{} shape, {} expression and {} albedo components".format(*counts)
    typer.echo(f"{out}: {len(arrays.shape.mean)} vertices, {sizes}")
