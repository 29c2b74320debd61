"""The real stages on the smoke profile: the same bits from every engine, and an ablation by YAML alone."""

import json

import pandas as pd
import pytest
import yaml

from focus.commands import same
from focus.commands.verify import ELSEWHERE, read_lock
from projects import ROOT

RESULTS = ("data/packed", "models", "results")
VARIANT = """\
  No-area:
    <<: *focus
    tables: [5]
    segmentation: [neighbour, distance, preservation, binary]
  FOCUS-TTA:"""


def differing(first, second) -> list[str]:
    """Return the names of the result files whose bytes differ between two projects."""
    left, right = first.contents(*RESULTS), second.contents(*RESULTS)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


@pytest.mark.parametrize("command", [("snakemake", "--cores", "1"), ("dvc", "repro")], ids=["one-core", "dvc-repro"])
def test_one_core_and_dvc_repro_give_the_bits_of_two_cores(smoke, fresh_smoke, command):
    """A result would depend on the engine, on what ran beside it, on the folder, or on the environment: locale, time
    zone, hash seed and OMP_NUM_THREADS differ between the runs.
    """
    fresh_smoke.run(*command, **ELSEWHERE)
    assert differing(smoke, fresh_smoke) == []
    assert fresh_smoke.is_up_to_date()


def test_the_smoke_run_has_the_committed_bits(smoke):
    """Another CPU, torch or library than of the machine that wrote the lock would give other bits (docs/bits.md).

    After a change that is to change bits: `focus verify --profile smoke --write-lock tests/smoke/smoke.lock`.
    """
    expected = read_lock(ROOT / "tests/smoke/smoke.lock")
    assert same.differing(read_lock(smoke.path / "dvc.lock"), expected) == []


def test_a_second_run_does_nothing(smoke, copy):
    """`make reproduce` would not be over when it says so."""
    project = copy(smoke)
    assert project.planned() == set()
    assert "Running stage" not in project.dvc("repro")


def test_a_new_ablation_by_yaml_alone(smoke, copy):
    """An ablation would need code, retrain the others, or not reach its table and the headline."""
    project = copy(smoke)
    models = other_models(project)
    project.edit("params.yaml", r"^  FOCUS-TTA:", VARIANT)
    project.edit("params.yaml", r"(^ablation:\n  variant: )\S+", r"\1No-area")
    project.snakemake("--cores", "2")
    assert other_models(project) == models
    table = pd.read_csv(project.path / "results/tables/table5.csv")
    assert set(table[table.method == "No-area"].source) == {"run"}
    now = table[(table.method == "No-area") & (table.subset == "NoW")]
    headline = json.loads((project.path / "results/headline.json").read_text())
    assert headline["now_median"] == pytest.approx(float(now.now_median_mm.iloc[0]), abs=1e-3)
    locked = yaml.safe_load((project.path / "dvc.lock").read_text())["stages"]["headline"]["deps"]
    assert "results/metrics/No-area" in {dep["path"] for dep in locked}
    trained = {path.stem for path in (project.path / "logs/train").glob("*.log") if _ran_now(smoke, path, project)}
    assert trained == {"No-area"}


def other_models(project) -> dict[str, bytes]:
    """Return all models but the ablation's own, and the one that ships, which is of `ablation.variant`."""
    found = project.contents("models")
    return {name: content for name, content in found.items() if name.split("/")[1] not in ("No-area", "demo")}


def _ran_now(before, log, project) -> bool:
    old = before.path / log.relative_to(project.path)
    return not old.exists() or old.read_bytes() != log.read_bytes()


def test_a_stage_refuses_the_code_of_another_checkout(smoke, copy):
    """An environment installed from one clone would run its code in another, and record it as this one's."""
    project = copy(smoke)
    done = project.run("python", "-m", "focus.stages.headline", check=False, PYTHONPATH=str(smoke.path / "src"))
    assert done.returncode == 1 and "code: found" in done.stdout and "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("params.yaml", r"^  variant: FOCUS", "  variant: FOCSU", "FOCSU"),
        ("profiles/smoke.yaml", r"^image: \{(\w+): \d+\}", r"image: {\1: big}", "profiles/smoke.yaml: image."),
        ("profiles/smoke.yaml", r"^image: ", "imagee: ", "image"),
    ],
)
def test_a_wrong_setting_is_one_line_and_changes_nothing(smoke, copy, file, old, new, message):
    """A typing mistake would print a traceback, or leave half a result behind."""
    project = copy(smoke)
    before = project.contents("models", "results")
    project.edit(file, old, new)
    done = project.run("dvc", "repro", check=False)
    assert done.returncode and message in done.stdout and "Traceback" not in done.stdout
    remaining = project.contents("models", "results")
    assert {name: content for name, content in before.items() if remaining.get(name, content) != content} == {}


def test_a_truncated_input_is_one_line(smoke, copy):
    """A damaged file would surface as a traceback from a library."""
    project = copy(smoke)
    model = next((project.path / "models/FOCUS").glob("*.safetensors"))
    content = model.read_bytes()
    model.unlink()
    model.write_bytes(content[: len(content) // 2])
    done = project.run("python", "-m", "focus.stages.evaluate", "FOCUS", check=False, PYTHONPATH="src")
    assert done.returncode == 1 and "models/FOCUS" in done.stdout and "Traceback" not in done.stdout
