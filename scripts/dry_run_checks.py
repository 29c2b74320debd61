"""What a dry run of profile `paper` has to have made: shapes, formats and names at full size."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from focus.datasets.meshes import read_mesh
from focus.datasets.packed import PackedSet
from focus.datasets.scans import read_scans
from focus.files import read_npy
from focus.stand_ins.folder import PLACES

VERTICES = 53149
THETA = 257  # 80 shape, 64 expression, 80 albedo, 27 light, 6 camera
SCAN_VERTICES = 100_000
BASES = {"shape_basis": 80, "expression_basis": 64, "albedo_basis": 80}


def check_outputs(clone: Path, stand_ins: Path) -> dict[str, Any]:
    """Return what was checked and found; exits with the first thing that is not as it should be."""
    found = {
        **face_models(clone),
        **images(clone),
        **networks(clone),
        **evaluation(clone),
        **resumed(clone),
        "made by": provenance(clone),
    }
    return found


def expect(what: str, found: object, expected: object) -> object:
    """Return `found`; exit unless it is `expected`."""
    if found != expected:
        sys.exit(f"dry run: {what}: found {found}, expected {expected}")
    return found


def tensors(path: Path) -> dict[str, tuple[str, list[int]]]:
    """Return name -> dtype and shape of a safetensors file, without reading the numbers."""
    with safe_open(path, framework="pt") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return {name: (part.get_dtype(), part.get_shape()) for name, part in slices.items()}


def face_models(clone: Path) -> dict[str, Any]:
    """Both packed models: float32 bases of the needed components only."""
    whole, part = (tensors(clone / f"data/face_model/{name}.safetensors") for name in ("face_model", "rendered"))
    rendered = part["shape_mean"][1][0]
    for name, components in BASES.items():
        expect(f"face_model {name}", whole[name], ("F32", [3 * VERTICES, components]))
        expect(f"rendered {name}", part[name], ("F32", [3 * rendered, components]))
    return {"vertices of the full mesh": whole["shape_mean"][1][0], "vertices that are rendered": rendered}


def images(clone: Path) -> dict[str, Any]:
    """Packed crops of every split, and NoW's scans."""
    packed = {path.name: PackedSet(path) for path in sorted((clone / "data/packed").iterdir())}
    for name, split in packed.items():
        expect(f"packed {name}", split.images.shape[1:], (224, 224, 3))
    scans = [len(scan.vertices) for scan in read_scans(clone / "data/packed/now").values()]
    expect(f"scans of more than {SCAN_VERTICES} vertices", min(scans) > SCAN_VERTICES, True)
    return {"images": {name: len(split) for name, split in packed.items()}, "vertices of the scans": scans}


def networks(clone: Path) -> dict[str, Any]:
    """R's encoder, S and F."""
    focus = tensors(clone / "models/FOCUS/model.safetensors")
    expect("encoder", focus["encoder.network.fc.weight"], ("F32", [THETA, 2048]))
    expect("segmentation", focus["segmentation.down.4.0.weight"], ("F32", [1024, 512, 3, 3]))
    recogniser = tensors(clone / "models/recogniser/recogniser.safetensors")
    expect("recogniser", recogniser["recogniser.fc.weight"], ("F32", [512, 25088]))
    return {"tensors of R and S": len(focus), "tensors of F": len(recogniser)}


def evaluation(clone: Path) -> dict[str, Any]:
    """Latents, masks, the misfit prior and an exported mesh."""
    folder = clone / "data/evaluation/FOCUS"
    theta, masks = read_npy(folder / "celeba_test_theta.npy"), read_npy(folder / "celeba_test_masks.npy")
    expect("theta", theta.shape[1], THETA)
    expect("finite theta", bool(np.isfinite(theta).all()), True)
    expect("masks", masks.shape[1:], (224, 224))
    prior = tensors(clone / "models/misfit_prior/plain/misfit_prior.safetensors")
    expect("misfit prior", prior["misfit_prior"], ("F32", [VERTICES, 3]))
    (mesh,) = clone.glob("export/*/mesh.obj")
    expect("exported vertices", len(read_mesh(mesh)[0]), VERTICES)
    return {"exported": f"{mesh.name} with {VERTICES} vertices"}


def resumed(clone: Path) -> dict[str, Any]:
    """The training that was killed went on."""
    log = (clone / "logs/initialise.log").read_text(encoding="utf-8")
    lines = [line for line in log.splitlines() if "resuming from step" in line]
    expect("initialise went on from its checkpoint", len(lines), 1)
    return {"after the kill": lines[0]}


def provenance(clone: Path) -> str:
    """The line under the tables: it has to name the stand-ins."""
    text = (clone / "results/tables/table1.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if "run: profile" in line]
    expect("tables name the stand-ins", "stand-ins made by code" in line, True)
    return line.strip("* ")


def sizes(clone: Path, stand_ins: Path) -> dict[str, int]:
    """Return the bytes of stand-ins and outputs."""
    made = {
        "packed training images": "data/packed/celeba_train",
        "face model": "data/face_model",
        "networks of a variant": "models/FOCUS",
        "recogniser": "models/recogniser",
        "model for reconstruct": "models/demo",
        "report": "results/report.html",
    }
    places: Mapping[str, Path] = {name: clone / place for name, place in made.items()}
    places = {**{f"stand-in {name}": stand_ins / place for name, place in PLACES.items()}, **places}
    return {name: _bytes(path) for name, path in places.items()}


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())
