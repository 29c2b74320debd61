"""The misfit prior E_MP (Eq. 11): R_syn's mean error per vertex on synthetic faces whose geometry is known."""

from __future__ import annotations

import json
from dataclasses import dataclass

import torch
from safetensors.torch import save

from focus.datasets.packed import PackedSet
from focus.files import read_npy, write_bytes, write_json
from focus.methods.misfit_prior import correct, misfit_prior
from focus.model.inference import encode
from focus.settings import Evaluation, NetworkSettings, Synthetic
from focus.stages import build, paths
from focus.stages.runner import run_one_of


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings):
    """What the stage reads."""

    synthetic: Synthetic
    evaluation: Evaluation


def work(settings: Settings, kind: str) -> None:
    """Write models/misfit_prior/<kind>: the prior, the same error on held-out faces, and what it does to them."""
    autoencoder, _ = build.focus_networks(settings, paths.network(f"r_syn/{kind}"))
    model, folder = build.face_model(), paths.SYNTHETIC / kind
    predicted = encode(autoencoder, PackedSet(folder / "faces"), settings.evaluation.batch).shape
    truth = torch.from_numpy(read_npy(folder / "shape.npy"))
    count = settings.synthetic.count
    # Neutral meshes are linear in the shape latents, so Eq. 11's mean over meshes is the mesh of a mean difference.
    difference = (predicted - truth)[:count].mean(0, keepdim=True)
    prior = misfit_prior(model.neutral(difference), model.neutral(torch.zeros_like(difference)))
    path = paths.misfit_prior(kind)
    seen, true = (model.neutral(values[count:]) for values in (predicted, truth))
    fields = {"misfit_prior": prior.contiguous(), "holdout_error": misfit_prior(seen, true).contiguous()}
    write_bytes(path, save(fields, metadata={"focus": json.dumps({"kind": kind})}))
    write_json(path.with_name("holdout.json"), holdout_figures(seen, true, prior))


def holdout_figures(predicted: torch.Tensor, truth: torch.Tensor, prior: torch.Tensor) -> dict[str, float]:
    """Return mean distances in mm on held-out faces (N,V,3): before and after the correction, and the prior's size."""
    before = (predicted - truth).norm(dim=2).mean(1)
    after = (correct(predicted, prior) - truth).norm(dim=2).mean(1)
    return {
        "prior_mean_mm": round(float(prior.norm(dim=1).mean()), 4),
        "holdout_before_mm": round(float(before.mean()), 4),
        "holdout_after_mm": round(float(after.mean()), 4),
        "share_made_worse": round(float((after > before).float().mean()), 4),
    }


if __name__ == "__main__":
    run_one_of("misfit_prior", Settings, work)
