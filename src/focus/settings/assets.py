"""The paper's licensed files: what each is, where to get it and where to put it. None is part of the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from focus.settings.base import Given, Section


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


def asset(*, place: str, default: Any = ..., **facts: str) -> Any:
    """Return the field of an asset with what `Asset` says of it."""
    return Field(default, description=place, json_schema_extra={**facts})


class Assets(Section):
    """Paths of licensed files; null: the stand-in that the pipeline makes, if the profile's `emulate` allows it."""

    bfm: Given | None = asset(
        what="Basel Face Model 2017 without mouth, or 2019",
        licence="research only, on registration",
        page="https://faces.dmi.unibas.ch/bfm/",
        place="the path of model2017-1_bfm_nomouth.h5 or model2019_bfm.h5",
        short="BFM",
    )
    celeba_hq: Given | None = asset(
        what="CelebA-HQ images with CelebAMask-HQ masks",
        licence="non-commercial research and education",
        page="https://github.com/switchablenorms/CelebAMask-HQ",
        place="the folder with CelebA-HQ-img/, CelebAMask-HQ-mask-anno/ and the mapping file",
        short="CelebA-HQ",
    )
    ar: Given | None = asset(
        what="AR face database, raw, with Egger's masks",
        licence="research only, on request",
        page="https://www2.ece.ohio-state.edu/~aleix/ARdatabase.html",
        place="the folder with raw/, labels/ and faceEllipse/",
        short="AR masks",
    )
    now: Given | None = asset(
        what="NoW images, scans and landmarks",
        licence="non-commercial research, on registration",
        page="https://now.is.tue.mpg.de/",
        place="the folder with NoW_Dataset/, scans/, scans_lmks_onlypp/ and the image lists",
        short="NoW",
    )
    arcface: Given | None = asset(
        what="iResNet-50 trained on ms1mv3 with ArcFace",
        licence="non-commercial research only",
        page="https://github.com/deepinsight/insightface/tree/master/recognition/arcface_torch",
        place="the path of ms1mv3_arcface_r50_fp16/backbone.pth",
        short="ArcFace weights",
    )
    resnet50: Given | None = asset(
        what="ResNet-50 trained on ImageNet, torchvision's state dict",
        licence="BSD code, ImageNet's terms",
        page="https://pytorch.org/vision/stable/models.html",
        place="the path of resnet50-0676ba61.pth, IMAGENET1K_V1 (optional: without it R starts from random weights)",
        short="ImageNet weights",
    )
    focus_crop: Given | None = asset(
        what="the authors' face crop of the Basel model, and with it their landmarks, a pickle of arrays",
        licence="MIT with conditions",
        page="https://github.com/unibas-gravis/Occlusion-Robust-MoFA/blob/33a5add/basel_3DMM/idxes_crop.pkl",
        place="the path of idxes_crop.pkl (optional: without it the first release's crop and landmarks)",
        short="the authors' face crop",
        default=None,
    )
    focus_encoder: Given | None = asset(
        what="the authors' own face encoder, a pickled module",
        licence="the authors' terms",
        page="https://github.com/unibas-gravis/Occlusion-Robust-MoFA",
        place="the path of MoFA_UNet/enc_net_*.model in their docker image (only for a variant with start: imported)",
        short="the authors' encoder",
        default=None,
    )
    focus_segmentation: Given | None = asset(
        what="the authors' own segmentation network, a pickled module",
        licence="the authors' terms",
        page="https://github.com/unibas-gravis/Occlusion-Robust-MoFA",
        place="the path of MoFA_UNet/unet_*.model in their docker image (only for a variant with start: imported)",
        short="the authors' U-Net",
        default=None,
    )


ASSETS = {
    key: Asset(key, place=str(field.description), **field.json_schema_extra)  # type: ignore[arg-type]
    for key, field in Assets.model_fields.items()
}
"""Every asset by its key, in the order of the profiles."""
