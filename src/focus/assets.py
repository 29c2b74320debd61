"""The paper's licensed files: what each is, where to get it and where to put it. None is part of the project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from focus.errors import FocusError
from focus.files import sha256

STAND_IN = "STAND-IN.md"  # marks a folder of files that `focus emulate` made in place of licensed ones


@dataclass(frozen=True)
class Asset:
    """One licensed file or folder, by its key in a profile's `assets`."""

    key: str
    what: str
    licence: str
    page: str
    place: str
    short: str

    def missing(self) -> str:
        """Return one line for a person who lacks it."""
        return (
            f"assets.{self.key}: found null, expected {self.place}: {self.what}; {self.licence}; get it at {self.page}"
        )


ASSETS = {
    asset.key: asset
    for asset in (
        Asset(
            "bfm",
            "Basel Face Model 2017 without mouth, or 2019",
            "research only, on registration",
            "https://faces.dmi.unibas.ch/bfm/",
            "the path of model2017-1_bfm_nomouth.h5 or model2019_bfm.h5",
            "BFM",
        ),
        Asset(
            "celeba_hq",
            "CelebA-HQ images with CelebAMask-HQ masks",
            "non-commercial research and education",
            "https://github.com/switchablenorms/CelebAMask-HQ",
            "the folder with CelebA-HQ-img/, CelebAMask-HQ-mask-anno/ and the mapping file",
            "CelebA-HQ",
        ),
        Asset(
            "ar",
            "AR face database, raw, with Egger's masks",
            "research only, on request",
            "https://www2.ece.ohio-state.edu/~aleix/ARdatabase.html",
            "the folder with raw/, labels/ and faceEllipse/",
            "AR masks",
        ),
        Asset(
            "now",
            "NoW images, scans and landmarks",
            "non-commercial research, on registration",
            "https://now.is.tue.mpg.de/",
            "the folder with NoW_Dataset/, scans/, scans_lmks_onlypp/ and the image lists",
            "NoW",
        ),
        Asset(
            "arcface",
            "iResNet-50 trained on ms1mv3 with ArcFace",
            "non-commercial research only",
            "https://github.com/deepinsight/insightface/tree/master/recognition/arcface_torch",
            "the path of ms1mv3_arcface_r50_fp16/backbone.pth",
            "ArcFace weights",
        ),
        Asset(
            "resnet50",
            "ResNet-50 trained on ImageNet, torchvision's state dict",
            "BSD code, ImageNet's terms",
            "https://pytorch.org/vision/stable/models.html",
            "the path of resnet50-0676ba61.pth, IMAGENET1K_V1 (optional: without it R starts from random weights)",
            "ImageNet weights",
        ),
        Asset(
            "focus_crop",
            "the authors' face crop of the Basel model, and with it their landmarks, a pickle of arrays",
            "MIT with conditions",
            "https://github.com/unibas-gravis/Occlusion-Robust-MoFA/blob/33a5add/basel_3DMM/idxes_crop.pkl",
            "the path of idxes_crop.pkl (optional: without it the first release's crop and landmarks)",
            "the authors' face crop",
        ),
        Asset(
            "focus_encoder",
            "the authors' own face encoder, a pickled module",
            "the authors' terms",
            "https://github.com/unibas-gravis/Occlusion-Robust-MoFA",
            "the path of MoFA_UNet/enc_net_*.model in their docker image (only for a variant with start: imported)",
            "the authors' encoder",
        ),
        Asset(
            "focus_segmentation",
            "the authors' own segmentation network, a pickled module",
            "the authors' terms",
            "https://github.com/unibas-gravis/Occlusion-Robust-MoFA",
            "the path of MoFA_UNet/unet_*.model in their docker image (only for a variant with start: imported)",
            "the authors' U-Net",
        ),
    )
}
"""Every asset by its key, in the order of the profiles."""


RESNET50_V1 = ("0676ba61", "19c8e357")
"""How the SHA-256 of IMAGENET1K_V1 begins, in torchvision's file of today and in the one before 0.10 (the authors').

The files are named by it; https://github.com/pytorch/vision/pull/3620 has both names.
"""


def check_resnet50(path: Path) -> None:
    """Raise FocusError unless a file is torchvision's ResNet-50, IMAGENET1K_V1, as in the release; stand-ins pass."""
    if path.is_file() and not stands_in(path) and not (found := sha256(path)).startswith(RESNET50_V1):
        expected = " or ".join(f"{start}…" for start in RESNET50_V1)
        raise FocusError(f"{path}: found SHA-256 {found}, expected IMAGENET1K_V1's, {expected} (resnet50-0676ba61.pth)")


def stands_in(path: Path) -> bool:
    """Tell whether a path lies in a folder that `focus emulate` made: whatever is computed on it is no real result."""
    return any((folder / STAND_IN).is_file() for folder in (path, *path.absolute().parents))
