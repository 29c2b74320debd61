"""The model that `focus reconstruct` takes along: one file, its card, and when it calls a face occluded."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from safetensors.torch import load_file
from torch import nn

from focus.datasets.packed import PackedSet
from focus.files import read_json, write_json, write_text
from focus.networks.store import load_networks
from focus.reconstruct.bundle import Bundle, Card, FitLoss, NetworkSizes, empty_networks, load_bundle, save_bundle
from focus.reconstruct.calibration import calibrate
from focus.reconstruct.card import model_card
from focus.reconstruct.reconstructor import DRAWN_FIT, Reconstructor
from focus.stages import build, paths
from focus.stages.runner import run

SECTIONS = ("assets", "image", "face_model", "detector", "recogniser", "encoder", "segmentation", "render", "losses")
SECTIONS = (*SECTIONS, "evaluation")
PARAMS = ("ablation", "method", "profile")
TERMS = ["pixel", "perceptual", "landmarks", "regularisation"]
PRIOR = "composited"
TESTS = ("celeba_test", "ar")


def work(settings: SimpleNamespace) -> None:
    """Write models/demo (the bundle and its card) and results/demo_model.json (its figures)."""
    variant = settings.ablation.variant
    plan = build.loss_plan(settings, TERMS, {"landmarks": "landmarks_em"})
    model = build.face_model()
    sizes = network_sizes(settings)
    bundle = Bundle(
        sizes=sizes,
        face_model=model,
        misfit_prior=load_file(paths.misfit_prior(PRIOR))["misfit_prior"],
        networks=trained_networks(sizes, variant),
        fit_loss=FitLoss(dict(plan.weights), dict(plan.forms)),
        thresholds={"forward": 1.0, "fit": 1.0},
        card=card(settings, variant),
    )
    save_bundle(paths.DEMO_MODEL, bundle)
    measured = measure(load_bundle(paths.DEMO_MODEL), settings)  # as stored: float16 weights
    save_bundle(paths.DEMO_MODEL, measured)
    write_text(paths.DEMO_MODEL.with_name("README.md"), model_card(measured))
    figures = {"thresholds": dict(measured.thresholds), **measured.card.metrics}
    write_json(paths.RESULTS / "demo_model.json", figures)
