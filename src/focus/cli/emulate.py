"""`focus emulate --full-size DIR`: stand-ins for the licensed files at the size of the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from focus.errors import FocusError


def emulate(
    full_size: Annotated[Path, typer.Option(help="a new folder for the stand-ins, about 1.5 GB by default")],
    train: Annotated[int, typer.Option(min=1, help="portraits to train on")] = 200,
    val: Annotated[int, typer.Option(min=1, help="portraits for validation")] = 40,
    test: Annotated[int, typer.Option(min=2, help="portraits to test on, half of them occluded")] = 60,
    ar: Annotated[int, typer.Option(min=2, help="AR images of each subset")] = 40,
    subjects: Annotated[int, typer.Option(min=1, help="people in NoW, each with a scan")] = 4,
    pictures: Annotated[int, typer.Option(min=2, help="pictures of each of them")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="of all that is drawn")] = 0,
) -> None:
    """Make stand-ins for all licensed files, in their layouts and at their full size, to try profile `paper` on.

    A 53,149-vertex face model, CelebA-HQ at 1024 px with CelebAMask-HQ's masks, AR raws, NoW with scans of 125,000
    vertices, and the weight files. Prints the lines for a profile's `assets`. Results on them mean nothing.
    """
    from focus.stand_ins import Amounts, write_stand_ins

    if full_size.exists():
        raise FocusError(f"--full-size: found {full_size}, expected a folder that does not exist yet")
    amounts = Amounts(train, val, test, ar_per_subset=ar, now_subjects=subjects, now_images=pictures)
    print("assets:")
    for asset, path in write_stand_ins(full_size.resolve(), amounts, seed).items():
        print(f"  {asset}: {path}")
