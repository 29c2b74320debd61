"""`focus assets`: is every licensed file that a profile names there, whole, and of the right shape?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from focus.datasets.sample import Samples
from focus.environment.assets import check_resnet50
from focus.errors import FocusError
from focus.files import sha256
from focus.settings import Profile
from focus.settings.assets import ASSETS


@dataclass(frozen=True)
class Verdict:
    """One asset: its key, "ok", "missing" or "broken", what was found, and the SHA-256 of a single file."""

    key: str
    status: str
    found: str
    sha256: str = ""


def check_assets(profile: Profile) -> list[Verdict]:
    """Return a verdict for each asset of a profile, in its order; reads first and last images, not whole data sets."""
    return [check(key, path, profile) for key, path in dict(profile.assets).items()]


def check(key: str, path: Path | None, profile: Profile) -> Verdict:
    """Return the verdict for one asset."""
    if path is None:
        return Verdict(key, "missing", ASSETS[key].missing())
    if not path.exists():
        return Verdict(key, "missing", f"{path}: no such file or folder; expected {ASSETS[key].place}")
    try:
        found = CHECKS[key](path, profile)
    except FocusError as error:
        return Verdict(key, "broken", str(error))
    return Verdict(key, "ok", found, sha256(path) if path.is_file() else "")


def bfm(path: Path, profile: Profile) -> str:
    """Read the face model with the profile's components."""
    from focus.face_model import read

    plan = profile.face_model
    model = read(plan.kind, path, plan.shape, plan.expression, plan.albedo)
    return f"{model.vertex_count} vertices, {len(model.triangles)} triangles"


def celeba_hq(path: Path, profile: Profile) -> str:
    """Count the three splits and read the first and last image of each with its masks."""
    from focus.datasets.celebamask_hq import SPLITS, CelebAMaskHQ

    return ", ".join(f"{split} {read_ends(CelebAMaskHQ(path, split))}" for split in SPLITS)


def ar(path: Path, profile: Profile) -> str:
    """Count the raw files with masks and read the first and last."""
    from focus.datasets.ar import AR

    return f"{read_ends(AR(path, masked_only=True))} images with masks"


def now(path: Path, profile: Profile) -> str:
    """Count the validation images, read the first and last, and the first subject's scan and landmarks."""
    from focus.datasets.now import NoW

    data = NoW(path, "validation")
    count, subject = read_ends(data), data.subjects[0]
    vertices, _ = data.scan(subject)
    data.scan_landmarks(subject)
    return f"{count} images of {len(data.subjects)} subjects; first scan {len(vertices)} vertices"


def arcface(path: Path, profile: Profile) -> str:
    """Load the weights into an iResNet-50, every name and shape."""
    from focus.networks import FaceRecogniser

    FaceRecogniser().load_backbone(path)
    return "iResNet-50, all names and shapes"


def resnet50(path: Path, profile: Profile) -> str:
    """Load the weights into the encoder, every name and shape but the last layer's; they must be IMAGENET1K_V1."""
    from focus.networks import FaceEncoder

    check_resnet50(path)
    FaceEncoder(257).load_backbone(path)
    return "ResNet-50, all names and shapes"


def focus_crop(path: Path, profile: Profile) -> str:
    """Read the release's crop on the face model that it belongs to, without running anything in it."""
    from focus.face_model import crop_to_face, read_bfm

    if profile.assets.bfm is None:
        raise FocusError("assets.bfm: found null, expected the face model that assets.focus_crop is for")
    part = crop_to_face(read_bfm(profile.assets.bfm, 1, 1, 1, path))[0]
    return f"{part.vertex_count} vertices, {len(part.triangles)} triangles of the face, 68 landmarks on them"


def focus_encoder(path: Path, profile: Profile) -> str:
    """Read the authors' encoder, every name and shape, without running anything in it."""
    from focus.authors.networks import released_encoder

    return f"{len(released_encoder(path).state_dict())} entries of the authors' encoder"


def focus_segmentation(path: Path, profile: Profile) -> str:
    """Read the authors' U-Net likewise."""
    from focus.authors.networks import released_segmentation

    return f"{len(released_segmentation(path).state_dict())} entries of the authors' U-Net"


def read_ends(data: Samples) -> int:
    """Read the first and last sample of a data set; return its length. Raises FocusError when it is empty."""
    if not len(data):
        raise FocusError(f"{data.root}: found no image, expected at least one")
    data[0], data[len(data) - 1]
    return len(data)


_CHECKS = (bfm, celeba_hq, ar, now, arcface, resnet50, focus_crop, focus_encoder, focus_segmentation)
CHECKS: dict[str, Callable[[Path, Profile], str]] = {each.__name__: each for each in _CHECKS}
"""The check of each asset, which is called as its key is."""
