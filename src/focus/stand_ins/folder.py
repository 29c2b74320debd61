"""One folder with a stand-in for every licensed file, each in its published layout, and a marker that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from focus.datasets.celebamask_hq import OUTLIER_PARTS
from focus.emulation import write_ar, write_celeba_hq, write_now
from focus.environment.assets import STAND_IN
from focus.face_model.heads import FaceGenerator
from focus.face_model.landmarks import BFM_VERTICES
from focus.files import whole_directory, write_text
from focus.stand_ins.face_model import FULL_SIZE, Components, write_face_model
from focus.stand_ins.weights import write_arcface, write_resnet50

PLACES = {
    "bfm": "model2017-1_bfm_nomouth.h5",
    "celeba_hq": "CelebAMask-HQ",
    "ar": "AR",
    "now": "NoW",
    "arcface": "ms1mv3_arcface_r50_fp16/backbone.pth",
    "resnet50": "resnet50.pth",
}
"""Where each asset of a profile lies in the folder."""

MARKER = """# Stand-ins, not the licensed files

Made by `focus emulate --full-size`: the face model is made of random heads and most of its components are noise, the
faces in the pictures are drawn, and the weights of both networks are random. Names, shapes, formats and sizes are those
of the real files, so that the pipeline can be tried at its full size without them. Results computed on them mean
nothing. While this file lies here, tables and pages say so.
"""


@dataclass(frozen=True)
class Amounts:
    """How much is made; the sizes of a single thing are the published ones unless a test wants them smaller.

    Attributes:
        train, val, test: portraits of each split; half of the test images are occluded.
        ar_per_subset: AR images in each of unoccluded, glasses and scarf (40 in Egger's masks).
        now_subjects, now_images: people with a scan, and pictures of each.
        side: of portraits and of NoW's pictures, px.
        scan_spacing_mm: 0.44 gives scans of about 125,000 vertices.
        vertices, components: of the face model.
        level: of the heads in the pictures.
    """

    train: int = 200
    val: int = 40
    test: int = 60
    ar_per_subset: int = 40
    now_subjects: int = 4
    now_images: int = 6
    side: int = 1024
    scan_spacing_mm: float = 0.44
    vertices: int = BFM_VERTICES
    components: Components = field(default=FULL_SIZE)
    level: int = 1


def write_stand_ins(root: Path, amounts: Amounts, seed: int = 0) -> dict[str, Path]:
    """Write the folder, which appears whole or not at all; return asset -> path, as a profile's `assets` takes them."""
    generator = FaceGenerator(amounts.level, seed)
    unoccluded = (amounts.test + 1) // 2
    portraits = {"train": amounts.train, "val": amounts.val}
    portraits |= {"test_unoccluded": unoccluded, "test_occluded": amounts.test - unoccluded}
    with whole_directory(root) as folder:
        places = {asset: folder / place for asset, place in PLACES.items()}
        write_text(folder / STAND_IN, MARKER)
        write_face_model(places["bfm"], amounts.vertices, amounts.components, seed)
        write_celeba_hq(places["celeba_hq"], generator, portraits, amounts.side, seed, parts=OUTLIER_PARTS)
        write_ar(places["ar"], generator, amounts.ar_per_subset, seed=seed)
        people = amounts.now_subjects, amounts.now_images
        write_now(places["now"], generator, *people, amounts.side, seed, amounts.scan_spacing_mm)
        write_arcface(places["arcface"], seed)
        write_resnet50(places["resnet50"], seed)
    return {asset: root / place for asset, place in PLACES.items()}
