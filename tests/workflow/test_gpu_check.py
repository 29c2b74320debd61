"""The GPU check's parts, on a CPU: what it reports must be what is there, and dvc.yaml what it runs."""

import copy
import json
import time

import pytest
import torch
from benchmarks.gpu import parity, pipeline, speed
from benchmarks.steps import set_up

import dvc_dag
import gpu_check
import gpu_wheels
import record_costs
from focus.commands.plan import plan, read_measured
from focus.settings import read_params, read_profile
from projects import ROOT

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def smoke():
    return read_profile("smoke", ROOT)


def test_a_device_like_the_cpu_differs_in_nothing(smoke):
    """Parity would be blamed for what the comparison itself changes (dropout, batch norm, leftover gradients)."""
    found = parity.compare(smoke, 2, CPU)
    assert set(found["differences"]) == set(parity.PARTS)
    assert all(value == 0 for values in found["differences"].values() for value in values)
    assert all(found["repeats_to_the_bit"].values())


def test_a_wrong_weight_is_seen_in_every_part_that_has_it(smoke):
    """A device that computes something else would pass."""
    right = parity.comparable(set_up(smoke, 2, CPU))
    wrong = parity.on(right, CPU)
    with torch.no_grad():
        next(wrong.segmentation.parameters()).mul_(1.01)
        next(wrong.autoencoder.encoder.parameters()).mul_(1.01)
    for name in ("encoder", "segmentation", "reconstruction_step", "segmentation_step"):
        part = parity.PARTS[name]
        assert max(parity.relative(part(wrong), part(right))) > 1e-5, name


def test_no_gradient_is_nothing(smoke):
    """Parity of zeros says nothing: every part's results must be there."""
    setup = parity.comparable(set_up(smoke, 2, CPU))
    for name, part in parity.PARTS.items():
        assert all(tensor.abs().sum() > 0 for tensor in part(copy.copy(setup))), name


def test_a_nan_is_named():
    """A NaN would compare as no number in the JSON."""
    assert parity.relative([torch.tensor([float("nan")])], [torch.ones(1)]) == ["not finite"]


def test_the_stages_are_those_of_dvc_yaml():
    """The check would run another pipeline than DVC's."""
    stages, expected = pipeline.stages(ROOT), dvc_dag.load(ROOT)
    assert set(stages) == set(expected)
    for name, stage in stages.items():
        assert " ".join(stage.arguments) in expected[name].cmd
        assert set(stage.outs) == set(expected[name].outs), name
        above = {other for other, found in stages.items() if set(found.outs) & set(expected[name].inputs)}
        assert pipeline.needed(stages, [name])[name] == above, name


def project(folder, scripts):
    """Make a project whose stages are one-line modules."""
    (folder / "src/focus/stages").mkdir(parents=True)
    for package in ("src/focus", "src/focus/stages"):
        (folder / package / "__init__.py").touch()
    entries = {}
    for name, (line, deps) in scripts.items():
        (folder / f"src/focus/stages/{name}.py").write_text(line)
        entries[name] = {"cmd": f"python -m focus.stages.{name}", "deps": deps, "outs": [f"{name}.txt"]}
    (folder / "params.yaml").write_text("{}")
    (folder / "dvc.yaml").write_text(json.dumps({"stages": entries}))
    return folder


def test_stages_run_in_order_and_a_failure_stops_only_what_needs_it(tmp_path):
    """One broken stage would hide all values, or stages would start before their inputs are there."""
    write = "from pathlib import Path; Path(__file__).parents[3].joinpath('{0}.txt').write_text('x')"
    after = "from pathlib import Path; assert Path('a.txt').exists(); Path('b.txt').write_text('x')"
    scripts = {
        "a": (write.format("a"), []),
        "b": (after, ["a.txt"]),
        "c": ("raise SystemExit('broken on purpose')", []),
        "d": (write.format("d"), ["c.txt"]),
    }
    run = pipeline.Run(project(tmp_path, scripts), ["b", "d"], frozenset(), cores=2)
    run.until(time.monotonic() + 60)
    assert run.done() == {"a", "b"}
    assert list(run.failed) == ["c"]
    assert "broken on purpose" in run.failed["c"]


def test_a_stage_that_is_late_is_stopped_and_named(tmp_path):
    """The lent machine's time would run out under it."""
    run = pipeline.Run(project(tmp_path, {"a": ("import time; time.sleep(60)", [])}), ["a"], frozenset(), cores=1)
    run.until(time.monotonic() + 0.5)
    assert run.failed == {"a": "stopped: out of time"}
    assert not run.running


def test_the_trainings_fit_the_time_left(smoke):
    """The run would be cut off in its last training, or end long before its time."""
    seconds, budget = {"reconstruction": 0.1, "segmentation": 0.2}, 300.0
    profile = gpu_check.scheduled(smoke.model_dump(), seconds, budget)
    r = profile["em"]["rounds"] * profile["em"]["reconstruction_steps"]
    s = profile["em"]["rounds"] * profile["em"]["segmentation_steps"]
    whole = 0.1 * (profile["initialise"]["steps"] + 3 * r) + 0.2 * (profile["pretrain"]["steps"] + s)
    assert 0.8 * budget < whole <= budget


def test_an_error_is_kept_and_what_follows_goes_on(tmp_path):
    """One part that fails on a new GPU would take all other findings with it."""
    findings = gpu_check.Findings(tmp_path / "found.json")
    findings.add("broken", lambda: 1 / 0)
    findings.add("whole", lambda: 3)
    assert json.loads((tmp_path / "found.json").read_text()) == {
        "broken": {"error": "ZeroDivisionError: division by zero"},
        "whole": 3,
    }


def test_the_floor_is_the_larger_of_arithmetic_and_bytes(smoke):
    """A step would seem to run below its floor, or far above it."""
    rates = {"float32_tflop_per_s": 1e-3, "copy_gb_per_s": 1e12}
    assert speed.floor_seconds(smoke, 2, "segmentation", 5e-3, rates, speed.WAYS[0]) == pytest.approx(5)
    rates = {"float32_tflop_per_s": 1e12, "copy_gb_per_s": 1e-3}
    assert speed.floor_seconds(smoke, 2, "segmentation", 5e-3, rates, speed.WAYS[0]) > 1


def test_every_package_of_the_wheels_is_pinned():
    """The list would not resolve on the day there is a GPU."""
    assert len(gpu_wheels.pinned((ROOT / "requirements.lock").read_text())) == len(gpu_wheels.PACKAGES)
    with pytest.raises(SystemExit, match="found no annotated-types"):
        gpu_wheels.pinned("numpy==2.0 --hash=sha256:0\n")


def test_the_plan_takes_what_a_gpu_was_measured_to_need(tmp_path):
    """`focus plan` would go on assuming after somebody has measured."""
    steps = {"reconstruction": {"images_per_s": 100.0}, "segmentation": {"images_per_s": 50.0}}
    (tmp_path / "gpu.json").write_text(
        json.dumps({"machine": {"device": "Some GPU"}, "speed, batch 12, float32": steps})
    )
    where, seconds = record_costs.on_gpu(tmp_path / "gpu.json")
    assert (seconds["initialise"], seconds["pretrain"]) == (0.01, 0.02) and "Some GPU" in where
    assert record_costs.on_gpu(tmp_path / "none.json") == (record_costs.EXTRAPOLATED, {})
    large = record_costs.large_steps(ROOT / "benchmarks/results/steps.json", seconds)
    measured = read_measured(ROOT).model_copy(update={"gpu": where, "steps": {"resnet50": large}})
    params, paper = read_params(ROOT), read_profile("paper", ROOT)
    found = {each.stage: each.gpu_s for each in plan(params, paper, measured)}
    assert found["pretrain"] == pytest.approx(paper.pretrain.steps * paper.training.batch * 0.02)
