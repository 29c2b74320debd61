"""A miniature of profile `paper`: all licensed files in their published layouts, made by code, and the stages' objects.

Full-size are: names and layouts of the files, AR's pictures, the face model's mesh, all three networks, 224 px. Small
are: the number of images, the portraits, the face model's components that are not empty. Only the profile is chosen and
its paths given; the stages themselves read the settings and make what they train.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import yaml

from crop_files import crop_indices, write_crop
from focus import settings
from focus.datasets.celebamask_hq import OUTLIER_PARTS
from focus.emulation import write_ar, write_celeba_hq, write_now
from focus.environment.assets import STAND_IN
from focus.face_model import FaceModel, read_bfm, write_bfm
from focus.face_model.bfm_file import LinearModel
from focus.face_model.heads import FaceGenerator
from focus.face_model.landmarks import BFM_VERTICES
from focus.landmarks.detector import Face
from focus.landmarks.detectors import face_alignment
from focus.settings import TrainingSettings
from focus.stages import datasets, face_model, initialise, landmarks, pretrain, recogniser, train
from focus.stages.training import Trained
from focus.stand_ins.face_model import Components
from focus.stand_ins.face_model import face_model as arrays_of
from focus.stand_ins.folder import PLACES
from focus.stand_ins.weights import write_resnet50
from focus.training.turns import Turn
from golden_set import GoldenSet, paper_recogniser

FEW, USED = Components(5, 3, 4), Components(80, 64, 80)  # components that are not empty, and all that the method uses
SIDE = 96  # px of portraits and of NoW's pictures


@dataclass(frozen=True)
class Training:
    """What a stage would have trained."""

    settings: TrainingSettings
    trained: dict[str, Trained]
    turns: list[Turn]

    def rates(self, network: str, steps: Sequence[int]) -> list[float]:
        """Return a network's learning rates in some of the steps."""
        total = sum(turn.steps for turn in self.turns)
        return [self.trained[network].optimiser.rate(int(step), total) for step in steps]


def write_files(root: Path, golden: GoldenSet) -> dict[str, Path]:
    """Write a folder with all licensed files of profile `paper`; F's weights are the golden set's."""
    places = {key: root / place for key, place in PLACES.items()} | {"focus_crop": root / "idxes_crop.pkl"}
    for key in ("bfm", "arcface"):
        places[key].parent.mkdir(parents=True, exist_ok=True)
    (root / STAND_IN).write_text("made by a test\n")
    write_crop(places["focus_crop"], crop_indices(_write_face_model(places["bfm"])))
    generator = FaceGenerator(0, 0)
    counts = {"train": 2, "val": 1, "test_unoccluded": 1, "test_occluded": 1}
    write_celeba_hq(places["celeba_hq"], generator, counts, SIDE, parts=OUTLIER_PARTS)
    write_ar(places["ar"], generator, per_subset=1)
    write_now(places["now"], generator, 1, 2, SIDE, scan_spacing_mm=6.0)
    torch.save(paper_recogniser(golden).state_dict(), places["arcface"])
    write_resnet50(places["resnet50"])
    return places


def _write_face_model(path: Path) -> FaceModel:
    """Write BFM's mesh with the components that the method uses, most of them empty; return it with the others."""
    arrays = arrays_of(BFM_VERTICES, FEW, 0)
    parts = {part: _wider(getattr(arrays, part), count) for part, count in zip(_PARTS, USED, strict=True)}
    write_bfm(path, replace(arrays, **parts))
    with h5py.File(path, "r+") as file:  # the licensed file names no landmarks
        del file["metadata/landmarks/json"]
        file["metadata/landmarks"].create_dataset("json", data=np.bytes_("[]"))
    return read_bfm(path, *FEW)


_PARTS = ("shape", "expression", "colour")


def _wider(model: LinearModel, count: int) -> LinearModel:
    more = count - len(model.variance)
    return replace(model, basis=np.pad(model.basis, ((0, 0), (0, more))), variance=np.pad(model.variance, (0, more)))


def write_project(root: Path, here: Path, assets: dict[str, Path]) -> None:
    """Write params.yaml and the profile as they ship, but for the profile's name, its paths and `remote: private`."""
    text = (here / "params.yaml").read_text(encoding="utf-8")
    for shipped, chosen in (("profile: demo ", "profile: paper "), ("remote: shared ", "remote: private ")):
        assert text.count(shipped) == 1
        text = text.replace(shipped, chosen)
    (root / "params.yaml").write_text(text, encoding="utf-8")
    profile = settings.read_yaml(here / "profiles/paper.yaml")
    profile["assets"] |= {key: str(path) for key, path in assets.items()}
    (root / "profiles").mkdir()
    (root / "profiles/paper.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")


class Centred:
    """In the place of face-alignment, whose weights would be downloaded: a face in the middle of each image."""

    name = "the test"

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[list[Face]]:
        """Return one face an image."""
        return [[Face(self.points(image), 1.0)] for image in images]

    @staticmethod
    def points(image: np.ndarray) -> np.ndarray:
        """Return 68 points (68,2) px, of which the crop's five are a face's."""
        unit, centre = min(image.shape[:2]), np.array([image.shape[1], image.shape[0]]) / 2
        places = np.zeros((68, 2))
        places[[36, 39]], places[[42, 45]], places[30] = (-0.13, -0.1), (0.13, -0.1), (0, 0.03)
        places[48], places[54] = (-0.1, 0.15), (0.1, 0.15)
        return (centre + unit * places).astype(np.float32)


@contextmanager
def stages_run(golden: GoldenSet, root: Path, here: Path) -> Iterator[dict[str, Training]]:
    """Run the stages in a folder, which is the working folder then; yield what each training would have trained."""
    write_project(root, here, write_files(root / "licensed", golden))
    found: dict[str, Training] = {}

    def note(
        stage: str,
        chosen: TrainingSettings,
        trained: dict[str, Trained],
        turns: list[Turn],
        *,
        save: Callable[[], None],
        **_: Any,
    ) -> None:
        found[stage] = Training(chosen, trained, turns)
        save()

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(face_alignment, "make", lambda *_: Centred())
        for module in (initialise, pretrain, train):
            patch.setattr(module, "run_training", note)
        _run()
        yield found


def _run() -> None:
    """Run what lies before the trainings, and these up to where they would train."""
    face_model.work(settings.load(face_model.Settings))
    for name in datasets.ASSET:
        datasets.work(settings.load(datasets.Settings, name), name)
    for split in ("celeba_train", "ar", "now"):
        landmarks.work(settings.load(landmarks.Settings, split), split)
    recogniser.work(settings.load(recogniser.Settings))
    initialise.work(settings.load(initialise.Settings))
    pretrain.work(settings.load(pretrain.Settings))
    for name in ("FOCUS", "FOCUS-TTA"):
        train.work(settings.load(train.Settings, name), name)
