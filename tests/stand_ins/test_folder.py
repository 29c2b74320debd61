"""One folder with all stand-ins, small ones of what can be small."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from focus.commands.asset_check import check_assets
from focus.datasets.ar import RAW_BYTES
from focus.datasets.celebamask_hq import CelebAMaskHQ
from focus.datasets.now import NoW
from focus.environment.assets import stands_in
from focus.errors import FocusError
from focus.networks import FaceEncoder, FaceRecogniser
from focus.settings import read_profile
from focus.stand_ins import Amounts, folder, write_stand_ins
from focus.stand_ins.face_model import Components
from projects import ROOT

SMALL = Amounts(
    train=2, val=1, test=2, ar_per_subset=2, now_subjects=1, now_images=2, side=96, scan_spacing_mm=6.0,
    vertices=3600, components=Components(12, 11, 12), level=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The folder, written once: the weight files have their full size."""
    torch.set_num_threads(1)
    return write_stand_ins(tmp_path_factory.mktemp("licensed") / "stand-ins", SMALL)


def test_every_asset_passes_the_check_of_the_real_one(places):
    """`focus assets` would call a stand-in broken, and so would the stages."""
    profile = read_profile("paper", ROOT)
    sizes = dict(zip(("shape", "expression", "albedo"), SMALL.components, strict=True))
    profile = profile.model_copy(
        update={
            "assets": profile.assets.model_copy(update=places),
            "face_model": profile.face_model.model_copy(update=sizes),
        }
    )
    verdicts = {verdict.key: verdict for verdict in check_assets(profile)}
    assert {key: verdicts[key].status for key in places} == dict.fromkeys(places, "ok")
    assert verdicts["celeba_hq"].found == "train 2, val 1, test 2"


def test_arcface_file_is_a_plain_state_dict_of_the_published_names(places):
    """The loader would be tried on other names than those of ms1mv3's backbone.pth."""
    state = torch.load(places["arcface"], weights_only=True)
    network = FaceRecogniser()
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        name: tuple(value.shape) for name, value in network.state_dict().items()
    }
    assert len(state) == 475 and state["layer3.13.bn3.running_var"].shape == (256,)
    network.load_backbone(places["arcface"])
    with torch.no_grad():
        embedding = network.eval().embedding(torch.rand(2, 3, 112, 112))
    assert torch.isfinite(embedding).all() and 0.01 < float(embedding.std()) < 100


def test_resnet_file_loads_into_the_encoder(places):
    """ImageNet weights would be tried under other names than torchvision's."""
    state = torch.load(places["resnet50"], weights_only=True)
    assert len(state) == 320 and state["fc.weight"].shape == (1000, 2048)
    encoder = FaceEncoder(257)
    encoder.load_backbone(places["resnet50"])
    assert torch.equal(encoder.network.conv1.weight, state["conv1.weight"])


def test_pictures_and_scans_are_read_by_the_real_readers(places):
    """A stage would find other sizes or fewer files than the real sets have."""
    portrait = CelebAMaskHQ(places["celeba_hq"], "test")[1]
    assert portrait.image.shape == (SMALL.side, SMALL.side, 3) and 0 < portrait.visible_face.mean() < 1
    assert {path.stat().st_size for path in (places["ar"] / "raw").iterdir()} == {RAW_BYTES}
    now = NoW(places["now"], "validation")
    assert len(now) == 2 and len(now.scan(now.subjects[0])[0]) > 400


def test_the_folder_is_marked(places):
    """Figures on drawn faces and random weights would pass for results on the licensed files."""
    root = places["bfm"].parent
    assert "not the licensed files" in (root / "STAND-IN.md").read_text()
    assert all(stands_in(path) for path in places.values())
    assert not stands_in(root.parent) and not stands_in(Path("/nowhere/model.h5"))


def test_nothing_is_left_when_it_fails(tmp_path, monkeypatch):
    """Half a set of stand-ins would be taken for a whole one."""

    def full_disk(*args, **kwargs):
        raise FocusError("no space")

    monkeypatch.setattr(folder, "write_celeba_hq", full_disk)
    monkeypatch.setattr(folder, "write_face_model", lambda *args: None)
    with pytest.raises(FocusError, match="no space"):
        write_stand_ins(tmp_path / "stand-ins", SMALL)
    assert not list(tmp_path.iterdir())
