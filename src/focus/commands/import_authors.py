"""What `focus import-authors` writes: the authors' R and S as a trained variant's file, and as a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from focus import settings
from focus.authors.networks import ALBEDO, EXPRESSION, SHAPE, released_encoder, released_segmentation
from focus.authors.prior import read_prior
from focus.errors import FocusError
from focus.face_model import FaceModel, read_bfm
from focus.files import sha256, whole_directory
from focus.networks.store import save_networks, save_tensors
from focus.reconstruct.bundle import Bundle, Card, FitLoss, Networks, load_bundle, modules, save_bundle
from focus.reconstruct.calibration import NOTHING_TO_CHOOSE_BY
from focus.settings import Assets, LossSettings
from focus.stages import build
from focus.stages.demo_model import FIT_FORMS, TERMS, SizeSettings, network_sizes
from focus.stages.imported import check_sizes
from focus.stages.training import loss_plan

NAME = "FOCUS-released"
MODEL, PRIOR, BUNDLE = "model.safetensors", "misfit_prior.safetensors", "bundle.safetensors"


@dataclass(frozen=True, kw_only=True)
class Settings(SizeSettings, LossSettings):
    """What a bundle of the authors' networks is made by."""

    assets: Assets


def import_authors(encoder: Path, segmentation: Path, prior: Path | None, out: Path, profile: str) -> list[str]:
    """Write folder `out`, which must not exist, from the authors' files; return lines that say what is in it.

    Always the networks, as a trained variant's are stored; the prior if one is given; and, where `profile` names the
    face model and F's weights, a bundle for `focus reconstruct --model`. Raises FocusError for files that cannot be
    used and profiles of other sizes; nothing is written then.
    """
    if out.exists():
        raise FocusError(f"--out: found {out}, expected a folder that does not exist yet")
    chosen = settings.select(Settings, settings.read_profile(profile), settings.read_params())
    check_sizes(chosen.face_model, chosen.encoder, chosen.segmentation)
    files = {"encoder": encoder, "segmentation": segmentation} | ({} if prior is None else {"prior": prior})
    trained, mask_network = released_encoder(encoder), released_segmentation(segmentation)
    bfm, arcface = chosen.assets.bfm, chosen.assets.arcface
    crop = chosen.assets.focus_crop
    model = None if bfm is None or arcface is None else read_bfm(bfm, SHAPE, EXPRESSION, ALBEDO, crop)
    offsets = None if prior is None else read_prior(prior, None if model is None else model.vertex_count)
    facts = {"variant": NAME, "sha256": {name: sha256(path) for name, path in files.items()}}
    with whole_directory(out) as folder:
        save_networks(folder / MODEL, {"encoder": trained, "segmentation": mask_network}, facts)
        lines = [f"{out / MODEL}: R's encoder and S"]
        if offsets is not None:
            save_tensors(folder / PRIOR, {"misfit_prior": offsets}, facts)
            lines.append(f"{out / PRIOR}: the misfit prior of {len(offsets):,} vertices")
        if model is None or arcface is None:
            wanted = ", ".join(f"assets.{key}" for key, path in (("bfm", bfm), ("arcface", arcface)) if path is None)
            return [*lines, f"no bundle: profile {profile} has no {wanted}"]
        recogniser = build.recogniser(chosen)
        recogniser.load_backbone(arcface)
        whole = Networks(encoder=trained, segmentation=mask_network, recogniser=recogniser)
        write_bundle(folder / BUNDLE, chosen, whole, model, offsets, facts)
    subtracts = "" if prior is not None else "; no prior given, so it subtracts nothing"
    return [*lines, f"{out / BUNDLE}: for `focus reconstruct --model`{subtracts}"]


def write_bundle(
    path: Path,
    chosen: Settings,
    networks: Networks,
    model: FaceModel,
    prior: Tensor | None,
    facts: dict[str, Any],
) -> None:
    """Write R, S and F with the face model and the prior; from which score on a face is occluded is not calibrated."""
    plan = loss_plan(chosen, "reconstruction", TERMS)
    bundle = Bundle(
        sizes=network_sizes(chosen),
        face_model=model,
        misfit_prior=torch.zeros_like(model.shape_mean) if prior is None else prior,
        networks=networks,
        fit_loss=FitLoss(dict(plan.weights), {**plan.forms, **FIT_FORMS}),
        thresholds={"forward": NOTHING_TO_CHOOSE_BY, "fit": NOTHING_TO_CHOOSE_BY},
        card=Card(
            name=NAME,
            licence=f"the authors' weights with {model.name}: their terms hold, do not pass it on",
            training_data="CelebA-HQ, by the authors of FOCUS",
            drawn_faces=False,
            settings=facts,
        ),
    )
    save_bundle(path, bundle)
    for name, network in modules(load_bundle(path).networks).items():  # in float16
        if not all(value.isfinite().all() for value in network.state_dict().values()):
            raise FocusError(f"{name}: found weights beyond float16, expected some that a bundle can hold")
