"""The model that `focus reconstruct` takes along, in one file, and from which score on a face counts as occluded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from focus.emulation.shots import TEST, VALIDATION, draw_people
from focus.environment.assets import stands_in
from focus.files import read_json, write_json
from focus.networks.store import load_networks
from focus.reconstruct.bundle import (
    Bundle,
    Card,
    FitLoss,
    Networks,
    NetworkSizes,
    empty_networks,
    load_bundle,
    save_bundle,
)
from focus.reconstruct.calibration import calibrate, drawn_faces, packed_faces
from focus.reconstruct.reconstructor import DRAWN_FIT, Reconstructor
from focus.settings import (
    Ablation,
    Evaluation,
    FaceModelSettings,
    LossSettings,
    NetworkSettings,
    ProvenanceSettings,
    RecogniserSettings,
)
from focus.stages import build, paths
from focus.stages.runner import run
from focus.stages.training import loss_plan

TERMS = ["pixel", "perceptual", "landmarks", "regularisation"]
FIT_FORMS = {"regularisation": "paper"}  # of all of theta: an image alone does not tell light from albedo
DRAWN_FIT_SHARES = {"perceptual": 0.3, "regularisation": 0.1}
"""Of R's weights, in `--fit` with a recogniser of drawn faces: chosen on a world of its own (docs/results.md). R, which
sees an image once, needs a strong prior; a fit of one image can go further from it."""
PRIOR = "composited"
VALIDATION_SET, TEST_SETS = "celeba_val", ("celeba_test", "ar")


@dataclass(frozen=True, kw_only=True)
class SizeSettings(NetworkSettings, RecogniserSettings):
    """What the sizes of the networks are taken from."""

    face_model: FaceModelSettings


@dataclass(frozen=True, kw_only=True)
class Settings(SizeSettings, LossSettings, ProvenanceSettings):
    """What the stage reads."""

    evaluation: Evaluation
    ablation: Ablation


def work(settings: Settings) -> None:
    """Write models/demo/model.safetensors and results/demo_model.json."""
    sizes, variant = network_sizes(settings), settings.ablation.variant
    bundle = Bundle(
        sizes=sizes,
        face_model=build.face_model(),
        misfit_prior=build.misfit_prior(PRIOR),
        networks=trained_networks(sizes, variant),
        fit_loss=fit_loss(settings),
        thresholds={"forward": 1.0, "fit": 1.0},
        card=card(settings, variant),
    )
    save_bundle(paths.DEMO_MODEL, bundle)
    stored = load_bundle(paths.DEMO_MODEL)  # in float16
    workers = settings.compute.data_workers
    measured = calibrated(stored, settings.evaluation.batch, settings.evaluation.refined, workers)
    save_bundle(paths.DEMO_MODEL, measured)
    write_json(paths.RESULTS / "demo_model.json", {"thresholds": measured.thresholds, **measured.card.metrics})


def fit_loss(settings: Settings) -> FitLoss:
    """Return Eq. 8 of `--fit`: R's weights, or shares of them."""
    plan = loss_plan(settings, "reconstruction", TERMS)
    shares = DRAWN_FIT_SHARES if "celeba_hq" not in licensed(settings) else {}
    weights = {term: weight * shares.get(term, 1) for term, weight in plan.weights.items()}
    return FitLoss(weights, {**plan.forms, **FIT_FORMS})


def network_sizes(settings: SizeSettings) -> NetworkSizes:
    """Return the sizes of the trained networks."""
    encoder, recogniser = settings.encoder, settings.recogniser
    return NetworkSizes(
        side=settings.image.side,
        encoder_architecture=encoder.architecture,
        encoder_width=encoder.width,
        output_scale=encoder.output_scale.model_dump(),
        segmentation_width=settings.segmentation.width,
        segmentation_poolings=settings.segmentation.poolings,
        interpolation=settings.render.interpolation,
        normals=settings.render.normals,
        crop_to_face=settings.face_model.crop_to_face,
        recogniser_side=recogniser.side,
        recogniser_layers=tuple(recogniser.layers),
        recogniser_widths=tuple(recogniser.widths),
        recogniser_embedding=recogniser.embedding,
    )


def trained_networks(sizes: NetworkSizes, variant: str) -> Networks:
    """Return R's encoder, S and F."""
    networks = empty_networks(sizes, build.face_model())
    load_networks(paths.network(variant), {"encoder": networks["encoder"], "segmentation": networks["segmentation"]})
    load_networks(paths.RECOGNISER, {"recogniser": networks["recogniser"]})
    return networks


def licensed(settings: Settings) -> list[str]:
    """Return the assets that are the licensed files, not stand-ins."""
    return [name for name, path in dict(settings.assets).items() if path is not None and not stands_in(path)]


def card(settings: Settings, variant: str) -> Card:
    """Return what a person should know of the model; figures come later."""
    given = licensed(settings)
    drawn = "celeba_hq" not in given
    data = "faces drawn by a program (emulated CelebA-HQ)" if drawn else "CelebA-HQ"
    licence = f"derived from {', '.join(given)}: their terms hold, do not pass it on" if given else "MIT"
    return Card(
        name="demo",
        licence=licence,
        training_data=data,
        drawn_faces=drawn,
        settings={"variant": variant, "profile": settings.profile, "misfit_prior": PRIOR},
        metrics={"run": read_json(paths.RESULTS / "headline.json")},
    )


def calibrated(bundle: Bundle, batch: int, refined: int, workers: int = 0) -> Bundle:
    """Return the bundle with the thresholds of "occluded" and their figures, without and with refinement.

    Thresholds are chosen on `2 * refined` people drawn anew for a model of drawn faces, else on the validation images.
    `refined`: images of each set that are refined, which is what takes the time; `workers`: processes that share it.
    """
    reconstructor = Reconstructor(bundle)
    drawn = {}
    if bundle.card.drawn_faces:
        for name, count, seed in (("validation", 2 * refined, VALIDATION), ("drawn_test", refined, TEST)):
            drawn[name] = drawn_faces(reconstructor, (shot.judged for shot in draw_people(count, seed)))
    thresholds: dict[str, float] = {}
    figures: dict[str, Any] = {}
    for mode, steps, most in (("forward", 0, None), ("fit", DRAWN_FIT, refined)):
        sets = drawn | {name: packed_faces(build.packed(name), most) for name in TEST_SETS if build.has(name)}
        validation = sets.pop("validation", None) or packed_faces(build.packed(VALIDATION_SET), most)
        thresholds[mode], figures[mode] = calibrate(reconstructor, validation, sets, steps, batch, workers)
    return bundle.with_figures(thresholds, {**bundle.card.metrics, "occluded": figures})


if __name__ == "__main__":
    run("demo_model", Settings, work)
