"""What stages and training steps were seen to cost: measured.json, written by scripts/record_costs.py."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from focus.files import read_json

FILE = Path(__file__).with_name("measured.json")


class StageCost(BaseModel):
    """What one stage (or the mean of its group) cost when it did `amount` and wrote `pixels` in `space` bytes."""

    model_config = ConfigDict(frozen=True)

    amount: float
    cpu_s: float
    pixels: float
    space: int


class StepCost(BaseModel):
    """What a training step costs an image of side `side` px, for one encoder architecture.

    seconds: CPU seconds by kind of step; without_perceptual: the share left of an R step without F;
    tflop: the networks' arithmetic by kind, 10^12; empty where nobody asks for a GPU; gpu_seconds: an image's seconds
    by kind as measured on the GPU that `Measured.gpu` names, empty where none was; space: bytes of a model file.
    """

    model_config = ConfigDict(frozen=True)

    side: int
    seconds: dict[str, float]
    without_perceptual: float
    tflop: dict[str, float]
    gpu_seconds: dict[str, float] = {}
    space: int


class Measured(BaseModel):
    """All of measured.json; `start_s`: CPU seconds that any stage takes to start; `gpu`: its name, None: none seen."""

    model_config = ConfigDict(frozen=True)

    machine: str
    gpu: str | None = None
    profile: str
    start_s: float
    stages: dict[str, StageCost]
    steps: dict[str, StepCost]

    def stage(self, name: str) -> StageCost | None:
        """Return the cost of a stage: its own, or its group's ("evaluate" for "evaluate@FOCUS"); None: not measured."""
        return self.stages.get(name) or self.stages.get(name.partition("@")[0])


def read_measured(path: Path = FILE) -> Measured:
    """Read the measured costs."""
    return TypeAdapter(Measured).validate_python(read_json(path))
