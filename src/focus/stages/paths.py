"""Where each stage of dvc.yaml keeps its outs, relative to the project's root."""

from __future__ import annotations

from pathlib import Path

FACE_MODEL = Path("data/face_model/face_model.safetensors")
RENDERED_MODEL = Path("data/face_model/rendered.safetensors")
FACE_MODEL_FILE = Path("data/face_model/model.h5")
RAW = Path("data/raw")
PACKED = Path("data/packed")
SYNTHETIC = Path("data/synthetic")
EVALUATION = Path("data/evaluation")
MODELS = Path("models")
RECOGNISER = Path("models/recogniser/recogniser.safetensors")
DEMO_MODEL = Path("models/demo/model.safetensors")
CHECKPOINTS = Path(".checkpoints")
LOGS = Path("logs")
RESULTS = Path("results")
LISTS = Path("results/lists")
METRICS = Path("results/metrics")
EXTERNAL = Path("results/external")
CURVES = Path("results/curves")
LISTED = Path("results/listed")
TABLES = Path("results/tables")
FIGURES = Path("results/figures")
MISFIT = Path("results/misfit")
FITTING_TIMES = Path("benchmarks/results/fitting.json")  # measured by hand and committed: benchmarks/fitting.py
SENSITIVITY = Path("benchmarks/results/sensitivity.csv")  # likewise: scripts/sensitivity.py
REPORT = Path("results/report.html")

MISSING = "missing.json"  # stands in a data set's folder when its licensed files are not there


def network(name: str) -> Path:
    """Return the model file of `initialise`, `pretrain`, a variant or `r_syn/<kind>`."""
    return MODELS / name / "model.safetensors"


def misfit_prior(kind: str) -> Path:
    """Return the misfit prior E_MP of one kind: plain or composited."""
    return MODELS / "misfit_prior" / kind / "misfit_prior.safetensors"


def checkpoint(stage: str) -> Path:
    """Return a stage's checkpoint file."""
    return CHECKPOINTS / stage.replace("/", "-") / "checkpoint.pt"
