"""`focus import-authors`: the authors' own networks, from their docker image, without running anything in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

UNTRIED = (
    "untried on the real files, which were not available: compare a few faces with the paper's before trusting it "
    "(docs/released-weights.md)"
)


def import_authors(
    encoder: Annotated[Path, typer.Option(help="R's encoder, MoFA_UNet/enc_net_NNNNNN.model")],
    segmentation: Annotated[Path, typer.Option(help="S, MoFA_UNet/unet_NNNNNN.model")],
    out: Annotated[Path, typer.Option(help="a new folder, e.g. models/FOCUS-released")],
    prior: Annotated[
        Path | None, typer.Option(help="a finished misfit prior in mm, V x 3 or 3V numbers as .npy or .npz")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="profiles/<profile>.yaml: sizes; its face model and F make the bundle")
    ] = "paper",
) -> None:
    """Bring the authors' trained networks to this project's form; untried on the real files.

    Writes model.safetensors, as a trained variant's is stored, and bundle.safetensors for `focus reconstruct --model`
    where the profile names assets.bfm and assets.arcface. What a file may not hold is refused by name.
    """
    from focus.commands.import_authors import import_authors as write

    for line in write(encoder, segmentation, prior, out, profile):
        typer.echo(line)
    typer.echo(UNTRIED, err=True)
