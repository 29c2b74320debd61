"""The page results/report.html: claims, tables, figures, gallery, 3D views and training curves in one file."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from focus.errors import FocusError
from focus.files import read_json, write_text
from focus.model.autoencoder import Parameters
from focus.registry.testsets import TESTSETS
from focus.rendering.light import AMBIENT
from focus.report.layout import blocks
from focus.report.page import Page, render_page
from focus.report.page.claims import claim_rows
from focus.report.page.compare import Comparison, compare
from focus.report.page.curves import Panel, panels
from focus.report.page.document import TITLES, Figure
from focus.report.page.embed import photo_uri, png_uri
from focus.report.page.gallery import Case, Choice, case, choose
from focus.report.page.views import View, distance_views, misfit_views, payload, reconstruction_view
from focus.report.results import read_images
from focus.report.schemas import SCHEMAS, read_frame
from focus.settings import Ablation, Picture, ProvenanceSettings
from focus.stages import build, paths
from focus.stages.common import curve, missing, provenance, read_shown
from focus.stages.finer import Finer, has_masks
from focus.stages.finer import Settings as FinerSettings
from focus.stages.runner import run

EVEN_LIGHT = AMBIENT / math.sqrt(4 * math.pi)  # what a face of light parameters 0 is lit by, from all sides
LIMIT = 15_000_000  # bytes: what still opens on a phone
WITHHELD = "Pictures and meshes of faces are left out, as a rule where people are real or the face model is licensed."


@dataclass(frozen=True, kw_only=True)
class Settings(FinerSettings, ProvenanceSettings):
    """What the stage reads."""

    ablation: Ablation
    figures: dict[str, Picture]


def work(settings: Settings, faces: bool | None = None, out: Path = paths.REPORT) -> None:
    """Write the page to `out`; `faces` None: with faces only where all of them are drawn.

    Raises FocusError when the page would be larger than LIMIT.
    """
    if faces is None:
        faces = not any(getattr(settings.assets, name) is not None for name in ("bfm", "celeba_hq", "ar", "now"))
    page = Page(
        provenance=provenance(settings),
        variant=settings.ablation.variant,
        withheld="" if faces else WITHHELD,
        claims=claim_rows(read_json(paths.RESULTS / "claims.json")),
        tables=tables(),
        shares=pd.read_csv(paths.TABLES / "now_shares.csv").dropna(subset="share").to_dict("records"),
        curves=curves(settings),
        figures=figures(settings, faces),
    )
    text = render_page(with_faces(page, settings) if faces else page)
    if len(text.encode()) > LIMIT:
        raise FocusError(f"{out}: would be {len(text.encode()):,} bytes, expected at most {LIMIT:,}")
    write_text(out, text)


def tables() -> list[Comparison]:
    """Return Tables 1-5 as the tables stage wrote them."""
    made, lacking, references = [], missing(), read_shown().references
    for number, schema in SCHEMAS.items():
        frame = read_frame(paths.TABLES / f"table{number}.csv", schema, "what stage tables writes")
        made.append(compare(number, blocks(number, frame, lacking, references)))
    return made


def curves(settings: Settings) -> dict[str, list[Panel]]:
    """Return the panels of all training curves, not those that removed variants left."""
    names = [Path(name).stem for name in read_json(paths.LISTED / "curves.json")]
    return panels({name: curve(name) for name in names}, last=settings.ablation.variant)


def figures(settings: Settings, faces: bool) -> list[Figure]:
    """Return the figures that are there, by name; those of real people lie in a folder of their own."""
    pictures = {name: (plan.title, plan.caption) for name, plan in settings.figures.items()} if faces else {}
    folders = [paths.FIGURES, paths.FIGURES / "faces"] if faces else [paths.FIGURES]
    there = {path.stem: path for folder in folders for path in sorted(folder.glob("*.png"))}
    shown = [(name, *texts) for name, texts in {**pictures, **TITLES}.items() if name in there]
    # The paper's figures first, by their numbers; the two of one number ("Figure 4, plain") stay as they are.
    shown.sort(key=lambda each: (not each[1].startswith("Figure "), each[1].partition(",")[0]))
    return [figure(there[name], title, text, wide=name in pictures) for name, title, text in shown]


def figure(path: Path, title: str, text: str, wide: bool) -> Figure:
    """Return a picture of results/figures; one that is `wide` as a JPEG, with the width at which a pixel is one."""
    content = path.read_bytes()
    if not wide:
        return Figure(title, text, png_uri(content))
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    return Figure(title, text, photo_uri(np.asarray(picture)), picture.width)


def with_faces(page: Page, settings: Settings) -> Page:
    """Return the page with the gallery's cases and the 3D views."""
    finer, variant = Finer(settings), settings.ablation.variant
    choices = list(choose(read_images(paths.METRICS / variant / "images.csv")))
    cases = list(gallery(finer, variant, choices))
    model = build.face_model()
    faces = list(reconstructions(finer, variant, choices))
    views = [*faces, *distance_views(faces, model.shape_mean.numpy()), *prior_views()]
    return replace(page, cases=cases, views=payload(views, model.triangles.numpy()))


def gallery(finer: Finer, variant: str, choices: list[Choice]) -> Iterator[Case]:
    """Yield a case of each choice, in their order."""
    for name, testset in TESTSETS.items():
        split = testset.split
        own = [choice for choice in choices if choice.testset == name]
        if not own:
            continue
        names = build.packed(split).names
        rows = [names.index(choice.image) for choice in own]
        theta = finer.latents(variant, split, rows)
        (images, regions), (means, _) = finer.drawn(theta), finer.drawn(mean_face(theta))
        targets, truth = finer.cut(split, rows)
        none = [None] * len(rows)
        masks = finer.masks(variant, split, rows) if has_masks(variant, split) else none
        for parts in zip(own, targets, images, means, regions, masks, none if truth is None else truth, strict=True):
            yield case(*parts)


def mean_face(face: Parameters) -> Parameters:
    """Return the mean face in the pose and light of `face`."""
    zero = {name: torch.zeros_like(getattr(face, name)) for name in ("shape", "expression", "albedo")}
    return replace(face, **zero)


def prior_views() -> list[View]:
    """Return both kinds of misfit prior on the mean face."""
    mean = build.face_model().shape_mean.numpy()
    kinds = ("plain", "composited")
    return [view for kind in kinds for view in misfit_views(kind, mean, build.misfit_prior(kind).numpy())]


@torch.no_grad()
def reconstructions(finer: Finer, variant: str, choices: list[Choice]) -> Iterator[View]:
    """Yield the first best, median and worst face of each group by RMSE or scan error, unposed, evenly lit."""
    model, seen = build.face_model(), set()
    for choice in choices:
        if "F1" in choice.group or (choice.group, choice.rank) in seen:
            continue
        seen.add((choice.group, choice.rank))
        split = TESTSETS[choice.testset].split
        face = finer.latents(variant, split, [build.packed(split).names.index(choice.image)])
        vertices = model.geometry(face.shape, face.expression)[0].numpy()
        colours = EVEN_LIGHT * model.albedo(face.albedo)[0].numpy()
        yield reconstruction_view(choice.group, f"{choice.rank}: {choice.image}", vertices, colours)


if __name__ == "__main__":
    run("report", Settings, work)
