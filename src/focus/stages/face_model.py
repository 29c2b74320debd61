"""The 3D morphable face model: embedded, in BFM 2017's layout, or the user's BFM; read by one reader, packed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from focus.errors import FocusError
from focus.face_model import crop_to_face, read, write_bfm
from focus.face_model.heads import FaceGenerator, build_embedded_model
from focus.files import sha256, write_json
from focus.seeds import numpy_generator
from focus.settings import Assets, FaceModelSettings, Key, StageSettings
from focus.settings.assets import ASSETS
from focus.stages import paths
from focus.stages.runner import run


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    emulate: bool
    assets: Assets
    face_model: FaceModelSettings
    data_seed: Annotated[int, Key("seeds.data")]


def work(settings: Settings) -> None:
    """Write data/face_model: the packed model, the part that is rendered, and for the embedded one its own file."""
    plan = settings.face_model
    source = settings.assets.bfm or embedded(settings)
    model = read(plan.kind, source, plan.shape, plan.expression, plan.albedo, settings.assets.focus_crop)
    model.save(paths.FACE_MODEL)
    rendered = crop_to_face(model)[0] if plan.crop_to_face else model
    rendered.save(paths.RENDERED_MODEL)
    facts = {"name": model.name, "licence": model.licence, "vertices": model.vertex_count, "sha256": sha256(source)}
    if settings.assets.focus_crop is not None:
        facts["crop_sha256"] = sha256(settings.assets.focus_crop)
    write_json(paths.FACE_MODEL.with_name("source.json"), facts)


def embedded(settings: Settings) -> Path:
    """Make the embedded model and write it as an HDF5 file in BFM 2017's layout; return the file."""
    if not settings.emulate:
        raise FocusError(ASSETS["bfm"].missing())
    plan, seed = settings.face_model, settings.data_seed
    generator = FaceGenerator(plan.level, seed, whole=False)
    rng = numpy_generator(seed, "face_model", "samples")
    sizes = {"shape": plan.shape, "expression": plan.expression, "albedo": plan.albedo}
    write_bfm(paths.FACE_MODEL_FILE, build_embedded_model(generator, rng, plan.samples, **sizes))
    return paths.FACE_MODEL_FILE


if __name__ == "__main__":
    run("face_model", Settings, work)
