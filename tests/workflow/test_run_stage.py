"""run_stage: dvc.lock updated by a Snakemake job is dvc.lock as `dvc repro` updates it."""

from pathlib import Path

import dvc.utils.serialize._yaml as dvc_yaml
import pytest

import run_stage
from projects import ROOT

LOCK = {
    "schema": "2.0",
    "stages": {
        "train@FOCUS": {
            "cmd": "env PYTHONPATH=src python -m focus.stages.train  FOCUS --option 'with: a colon' and more words",
            "deps": [{"path": "data/face_model", "hash": "md5", "md5": "0" * 30 + "e1.dir", "size": 1, "nfiles": 2}],
            "params": {
                "params.yaml": {
                    "zeta": None,
                    "alpha": [],
                    "empty": {},
                    "texts": ["yes", "1.0", "null", "", "a: b", "#c"],
                },
                "profiles/demo.yaml": {
                    "lr": 2e-3,
                    "tiny": 1e-05,
                    "big": 1e20,
                    "on": True,
                    "steps": [1, 2],
                    "name": "ünï",
                },
            },
            "outs": [{"path": "models/FOCUS", "md5": "12345678901234567890123456789012", "size": 0}],
        }
    },
}


def updated(path: Path) -> bytes:
    """Return a lock file's bytes after DVC has read it for an update and written it with one stage more."""
    with dvc_yaml.modify_yaml(path) as content:
        content["stages"]["headline"] = {"cmd": "true", "params": {"params.yaml": {"ablation": {"variant": "FOCUS"}}}}
    return path.read_bytes()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "dvc.lock"
    dvc_yaml.dump_yaml(path, LOCK)
    return path


@pytest.mark.parametrize("committed", [False, True], ids=["made", "committed"])
def test_same_bytes_as_dvc(lock, committed, monkeypatch):
    """dvc.lock would differ, in git, by which engine wrote it last."""
    if committed:
        if not (ROOT / "dvc.lock").exists():
            pytest.skip("no dvc.lock: nothing has been run in this checkout")
        lock.write_bytes((ROOT / "dvc.lock").read_bytes())
    before = lock.read_bytes()
    by_dvc = updated(lock)
    lock.write_bytes(before)
    monkeypatch.setattr(dvc_yaml, "parse_yaml_for_update", dvc_yaml.parse_yaml_for_update)
    run_stage.read_the_lock_plainly()
    assert updated(lock) == by_dvc


def test_dvc_still_has_what_is_replaced():
    """A new DVC would take the slow way without a word."""
    assert callable(dvc_yaml.parse_yaml_for_update)
