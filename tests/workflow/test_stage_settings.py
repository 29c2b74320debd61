"""What a stage's module says it reads is what dvc.yaml tracks for it."""

import ast
import re
from importlib import import_module

import pytest
import yaml

from focus import settings
from focus.fingerprints.closure import Node, Source, chain
from projects import ROOT

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = {name: entry for name, entry in PIPELINE.items() if name != "code"}
SOURCE = Source(ROOT / "src")
MODULE = re.compile(r"python -m (focus\.stages\.\w+)")
PROFILE = "profiles/${profile}.yaml"
NO_BYTES = {"workers", "data_workers"}  # of section compute: who loads, draws and looks, not what
COMPUTES = {"torch", "numpy", "scipy", "pandas", "sklearn", "igl", "matplotlib"}  # by an instruction set
AROUND_THE_WORK = {
    "focus.stages.runner",
    "focus.environment.cost",
    "focus.device",
    "focus.environment.isa",
    "focus.environment.roots",
}


def settings_of(stage: str) -> type[settings.StageSettings]:
    """Return the class of a stage's settings."""
    body = STAGES[stage].get("do", STAGES[stage])
    return import_module(MODULE.search(body["cmd"])[1]).Settings


def tracked(stage: str) -> tuple[set[str], set[str]]:
    """Return the profile sections and the params.yaml keys that dvc.yaml tracks for a stage."""
    entries = STAGES[stage].get("do", STAGES[stage]).get("params", [])
    keys = {entry for entry in entries if isinstance(entry, str)}
    sections = {section for entry in entries if isinstance(entry, dict) for section in entry[PROFILE]}
    return sections, keys


@pytest.mark.parametrize("stage", STAGES)
def test_profile_sections(stage):
    """A stage would use a setting whose change does not rerun it, or rerun for one that it never reads."""
    sections = {key for key in tracked(stage)[0] if not key.startswith("compute.")}
    assert sections | {"compute"} == set(settings.sections_of(settings_of(stage)))


def work_of(stage: str) -> list[Node]:
    """Return the parts of the code that a stage can run, without what the runner does around its work."""
    return [node for node in SOURCE.closure(f"focus.stages.{stage}") if node.module not in AROUND_THE_WORK]


def compute_keys(stage: str) -> set[str]:
    """Return the keys of section compute that a stage's work reads: threads if it runs torch, isa if it computes."""
    nodes, found = work_of(stage), set()
    for part in (part for node in nodes for tree in SOURCE.statements(node) for part in ast.walk(tree)):
        names = chain(part) or []
        found |= {names[place + 1] for place, name in enumerate(names[:-1]) if name == "compute"}
    targets = (target for node in nodes for _, target in SOURCE.edges(node))
    libraries = {target.module.split(".")[0] for target in targets if target.kind == "external"}
    if "torch" in libraries:
        found |= {"threads"}
    if libraries & COMPUTES:
        found |= {"isa"}
    return {f"compute.{key}" for key in found - NO_BYTES}


@pytest.mark.parametrize("stage", STAGES)
def test_compute_keys(stage):
    """A change of `compute.workers`, which changes no bit, would rerun everything; or one of precision nothing."""
    assert {key for key in tracked(stage)[0] if key.startswith("compute.")} == compute_keys(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_params_keys(stage):
    """As above, for params.yaml."""
    keys = {re.sub(r"\$\{(key|item)\}", "{name}", key) for key in tracked(stage)[1]}
    assert keys == set(settings.keys_of(settings_of(stage)).values())


@pytest.mark.parametrize("stage", STAGES)
def test_printed_values(stage):
    """DVC would not rerun a stage whose settings `method.preset` changes."""
    kind, sections = settings_of(stage), settings.Profile.model_fields.items()
    printed = {name for name, field in sections if "printed" in getattr(field.annotation, "model_fields", {})}
    assert printed == {"losses", "initialise", "pretrain", "mask_scores"}
    if printed & set(settings.sections_of(kind)):
        assert {"method", "method.preset"} & set(settings.keys_of(kind).values())
