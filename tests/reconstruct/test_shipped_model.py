"""The model inside the package is the committed run's."""

import hashlib

import yaml

from focus.reconstruct.bundle import DEMO, MODELS, load_bundle
from focus.reconstruct.card import model_card
from projects import committed

SHIPPED = MODELS / DEMO / "model.safetensors"


def test_shipped_model_is_the_committed_runs(tmp_path):
    """The tool would give other results than the run whose figures the README prints. Mend with `make demo-model`."""
    lock = committed(tmp_path, "dvc.lock") / "dvc.lock"  # not the user's own run
    outs = yaml.safe_load(lock.read_text())["stages"]["demo_model"]["outs"]
    recorded = {out["path"]: out["md5"] for out in outs}["models/demo/model.safetensors"]
    assert hashlib.md5(SHIPPED.read_bytes(), usedforsecurity=False).hexdigest() == recorded


def test_shipped_card_is_the_models():
    """The card would tell of another model."""
    assert SHIPPED.with_name("README.md").read_text(encoding="utf-8") == model_card(load_bundle(DEMO))


def test_shipped_model_is_small():
    """Every installation downloads it."""
    assert SHIPPED.stat().st_size < 10e6
