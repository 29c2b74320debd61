"""Writes emulated pictures in the layout of the AR face database with the masks of Egger et al."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from focus.datasets.ar import ELLIPSE_FOLDER, HEIGHT, LABEL_COLOURS, LABEL_FOLDER, WIDTH
from focus.emulation import textures
from focus.emulation.files import Fact, enlarged, fact, save_png, write_facts
from focus.emulation.light import sample_light
from focus.emulation.people import sample_people
from focus.emulation.photograph import Photograph, Scene, Studio
from focus.emulation.poses import AR as AR_FRAMING
from focus.emulation.poses import sample_pose
from focus.emulation.scene import compose
from focus.face_model.heads import FaceGenerator
from focus.files import whole_directory
from focus.seeds import numpy_generator

_DRAWN = 2  # photographs are drawn at 1 / _DRAWN of 768x576 and enlarged; the face is then about 190 px high
_FRINGE = 0.15
_LEFT, _RIGHT = -1.15, 1.15  # azimuth of the side lights, radians


class Session(NamedTuple):
    """What a session code means: occluder or none, azimuths of the side lights, strength of expression."""

    occluder: str | None
    sides: tuple[float, ...]
    expression: float


# Two codes a subset, as in Egger et al.'s masks, and two that have none there; a person has both of a subset.
CODES = {
    1: Session(None, (), 0.3),
    5: Session(None, (_LEFT,), 0.3),
    6: Session(None, (_RIGHT,), 0.3),
    7: Session(None, (_LEFT, _RIGHT), 0.3),
    21: Session("sunglasses", (), 0.3),
    22: Session("sunglasses", (_LEFT,), 0.3),
    24: Session("scarf", (), 0.3),
    25: Session("scarf", (_LEFT,), 0.3),
}
_SUBSETS = ((1, 5), (21, 22), (24, 25))
_SIDE_LIGHTS = (6, 7)


class Shot(NamedTuple):
    """One picture to take: number of the person from 0, session code."""

    person: int
    code: int

    @property
    def name(self) -> str:
        """File name without suffix; people alternate between m and w."""
        return f"{'mw'[self.person % 2]}-{self.person // 2 + 1:03d}-{self.code:02d}"


def write_ar(root: Path, generator: FaceGenerator, per_subset: int = 100, sidelight: int = 0, seed: int = 0) -> None:
    """Write raw/, labels/, faceEllipse/ (768x576) and emulation.csv.

    Ellipse and unlabelled is exactly the visible face: the ellipse image is the face with what hides it, inside an
    ellipse fitted to it.

    root: folder to make; replaced whole. per_subset: images in each of unoccluded (codes 1, 5), glasses (21, 22) and
    scarf (24, 25). sidelight: images with a light from the right (6) or from both sides (7). seed: of the emulated
    world.
    """
    shots = _plan(per_subset, sidelight)
    studio = Studio(generator.template, HEIGHT // _DRAWN, WIDTH // _DRAWN)
    with whole_directory(root) as folder:
        for name in ("raw", LABEL_FOLDER, ELLIPSE_FOLDER):
            (folder / name).mkdir()
        facts = list[Fact]()
        for shot, photograph in zip(shots, studio.take(_scenes(studio, generator, shots, seed)), strict=True):
            _save(folder, shot.name, photograph)
            facts.append(fact(f"{shot.name}.raw", shot.name[:5], photograph))
        write_facts(folder, facts)


def _plan(per_subset: int, sidelight: int) -> list[Shot]:
    """The pictures to take, person by person."""
    people = max((per_subset + 1) // 2, (sidelight + 1) // 2)
    shots: list[Shot] = []
    for codes, count in (*((codes, per_subset) for codes in _SUBSETS), (_SIDE_LIGHTS, sidelight)):
        shots += islice((Shot(person, code) for person in range(people) for code in codes), count)
    return sorted(shots)


def _scenes(studio: Studio, generator: FaceGenerator, shots: list[Shot], seed: int) -> Iterator[Scene]:
    for number, own in groupby(shots, key=lambda shot: shot.person):
        rng = numpy_generator(seed, "emulation", "ar", "person", number)
        person = sample_people(generator, 1, rng, fringe=_FRINGE)[0]
        for shot in own:
            session = CODES[shot.code]
            rng = numpy_generator(seed, "emulation", "ar", "photograph", shot.name)
            expression = generator.sample_expression(1, rng, session.expression)[0]
            light = sample_light(rng, harshness=1.0 if session.sides else 0.6, sides=session.sides)
            occluders = [session.occluder] if session.occluder else []
            wall = textures.studio_wall(rng, *studio.canvas)
            yield compose(studio, person, expression, light, sample_pose(rng, AR_FRAMING), occluders, rng, wall)


def _save(folder: Path, name: str, photograph: Photograph) -> None:
    """Write the three files of one picture."""
    large = Image.fromarray(photograph.image).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    (folder / "raw" / f"{name}.raw").write_bytes(np.asarray(large).transpose(2, 0, 1).tobytes())
    save_png(folder / LABEL_FOLDER / f"{name}.png", enlarged(label_image(photograph), HEIGHT, WIDTH))
    region = fitted_ellipse(photograph.parts["skin"] | photograph.covered)
    save_png(folder / ELLIPSE_FOLDER / f"{name}.png", enlarged(region * np.uint8(255), HEIGHT, WIDTH))


def label_image(photograph: Photograph) -> NDArray[np.uint8]:
    """Egger's labels (H,W,3): hair green, glasses red, scarf blue, all else black."""
    nowhere = np.zeros(photograph.covered.shape, dtype=bool)
    labels = {
        "hair": photograph.parts.get("hair", nowhere),
        "glasses": photograph.parts.get("eye_g", nowhere),
        "scarf": photograph.occluders.get("scarf", nowhere),
    }
    image = np.zeros((*nowhere.shape, 3), dtype=np.uint8)
    for label, mask in labels.items():
        image[mask] = LABEL_COLOURS[label]
    return image


def fitted_ellipse(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of a region (H,W) inside the ellipse with the same first and second moments, 8 % larger."""
    if not region.any():
        return region
    row, column = np.nonzero(region)
    points = np.stack([column, row], -1) - (column.mean(), row.mean())
    spread = np.linalg.inv(points.T @ points / len(points) + 1e-6 * np.eye(2))
    # A filled ellipse has a quarter of its squared half axes as variances.
    inside = np.einsum("ni,ij,nj->n", points, spread, points) <= 4 * 1.08**2
    kept = np.zeros_like(region)
    kept[row[inside], column[inside]] = True
    return kept
