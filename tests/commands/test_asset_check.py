"""`focus assets` says what is there, what is broken and where to get what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus import settings
from focus.commands.asset_check import CHECKS, check
from focus.environment.assets import STAND_IN, check_resnet50
from focus.errors import FocusError
from focus.face_model.bfm_file import write_bfm
from focus.face_model.heads import FaceGenerator, build_embedded_model
from focus.seeds import numpy_generator
from focus.settings.assets import ASSETS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def profile() -> settings.Profile:
    return settings.read_profile("smoke", ROOT)


def test_every_asset_of_a_profile_is_known(profile: settings.Profile) -> None:
    """A new asset key without a description or check would end `focus assets` with a traceback."""
    assert set(dict(profile.assets)) == set(ASSETS) == set(CHECKS)


@pytest.mark.parametrize("key", sorted(ASSETS))
def test_a_missing_asset_names_its_page_and_its_key(key: str, profile: settings.Profile) -> None:
    """A person without a file would not learn where to get it."""
    verdict = check(key, None, profile)
    assert verdict.status == "missing"
    assert ASSETS[key].page in verdict.found and f"assets.{key}" in verdict.found and "\n" not in verdict.found


@pytest.mark.parametrize("key", sorted(ASSETS))
def test_a_wrong_path_and_a_broken_file_are_one_line(key: str, profile: settings.Profile, tmp_path: Path) -> None:
    """A damaged download would pass, or end in a traceback."""
    assert check(key, tmp_path / "nothing", profile).status == "missing"
    broken = tmp_path / "broken"
    broken.write_bytes(b"not the file")
    verdict = check(key, broken, profile)
    assert verdict.status == "broken" and "\n" not in verdict.found


def test_a_whole_face_model_is_counted_and_hashed(profile: settings.Profile, tmp_path: Path) -> None:
    """A good file would be refused, or its hash not recorded."""
    generator = FaceGenerator(0, 0, whole=False)
    sizes = {"shape": 8, "expression": 4, "albedo": 6}
    write_bfm(tmp_path / "model.h5", build_embedded_model(generator, numpy_generator(0, "test"), 40, **sizes))
    verdict = check("bfm", tmp_path / "model.h5", profile)
    assert verdict.status == "ok" and "vertices" in verdict.found and len(verdict.sha256) == 64


def test_other_imagenet_weights_are_named_with_both_hashes(tmp_path: Path) -> None:
    """R would start from torchvision's later weights, which the release does not know, without a word."""
    path = tmp_path / "resnet50-11ad3fa6.pth"
    path.write_bytes(b"other weights")
    with pytest.raises(FocusError, match=r"resnet50-11ad3fa6.pth: found SHA-256 [0-9a-f]{64}, expected .*0676ba61… or"):
        check_resnet50(path)
    (tmp_path / STAND_IN).touch()
    check_resnet50(path)
