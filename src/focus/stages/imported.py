"""The authors' own R and S, where the profile names their files: what a variant with `start: imported` starts from."""

from __future__ import annotations

from dataclasses import dataclass

from focus.authors import networks as authors
from focus.errors import FocusError
from focus.files import sha256, whole_directory, write_json
from focus.networks.store import save_networks
from focus.settings import IMPORTED, Assets, Encoder, FaceModelSettings, SegmentationNet, StageSettings
from focus.settings.assets import ASSETS
from focus.stages import paths
from focus.stages.runner import run

KEYS = ("focus_encoder", "focus_segmentation")


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    assets: Assets
    face_model: FaceModelSettings
    encoder: Encoder
    segmentation: SegmentationNet


def work(settings: Settings) -> None:
    """Write models/imported: R's encoder and S, or a note that says which file the profile does not name."""
    files = {key: getattr(settings.assets, key) for key in KEYS}
    missing = [key for key, path in files.items() if path is None]
    with whole_directory(paths.MODELS / IMPORTED) as folder:
        if missing:
            write_json(folder / paths.MISSING, {"reason": ASSETS[missing[0]].missing()})
            return
        check_sizes(settings.face_model, settings.encoder, settings.segmentation)
        networks = {
            "encoder": authors.released_encoder(files["focus_encoder"]),
            "segmentation": authors.released_segmentation(files["focus_segmentation"]),
        }
        facts = {"stage": "imported", "sha256": {key: sha256(path) for key, path in files.items()}}
        save_networks(folder / paths.network(IMPORTED).name, networks, facts)


def check_sizes(model: FaceModelSettings, encoder: Encoder, mask: SegmentationNet) -> None:
    """Raise FocusError where a profile's R or S is not of the authors' sizes: the outputs would mean something else."""
    expected = {
        "face_model.shape": (model.shape, authors.SHAPE),
        "face_model.expression": (model.expression, authors.EXPRESSION),
        "face_model.albedo": (model.albedo, authors.ALBEDO),
        "encoder.architecture": (encoder.architecture, "resnet50"),
        "encoder.output_scale": (encoder.output_scale, authors.OUTPUT_SCALE),
        "segmentation.width": (mask.width, authors.WIDTH),
        "segmentation.poolings": (mask.poolings, authors.POOLINGS),
    }
    for key, (found, wanted) in expected.items():
        if found != wanted:
            raise FocusError(f"{key}: found {found}, expected {wanted}, as the authors' networks have it")


if __name__ == "__main__":
    run("imported", Settings, work)
