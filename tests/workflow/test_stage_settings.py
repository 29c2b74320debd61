"""What a stage's module says it reads is what dvc.yaml tracks for it."""

import ast
import re

import pytest
import yaml

import code_deps
from projects import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PROFILE = "profiles/${profile}.yaml"
EVERY_STAGE = {"compute"}  # threads, read by focus.stages.runner


def constants(stage: str) -> dict[str, set[str]]:
    """Return SECTIONS and PARAMS of a stage's module, without importing it."""
    body = STAGES[stage].get("do", STAGES[stage])
    module = code_deps.STAGE_MODULE.search(body["cmd"])[1]
    tree = ast.parse(code_deps.module_file(ROOT, module).read_text())
    return {
        node.targets[0].id: set(ast.literal_eval(node.value))
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in {"SECTIONS", "PARAMS"}
    }


def tracked(stage: str) -> tuple[set[str], set[str]]:
    """Return the profile sections and the params.yaml keys that dvc.yaml tracks for a stage."""
    entries = STAGES[stage].get("do", STAGES[stage]).get("params", [])
    keys = {entry for entry in entries if isinstance(entry, str)}
    sections = {section for entry in entries if isinstance(entry, dict) for section in entry[PROFILE]}
    return sections, keys


@pytest.mark.parametrize("stage", STAGES)
def test_profile_sections(stage):
    """A stage would use a setting whose change does not rerun it, or rerun for one that it never reads."""
    assert tracked(stage)[0] == constants(stage)["SECTIONS"] | EVERY_STAGE


@pytest.mark.parametrize("stage", STAGES)
def test_params_keys(stage):
    """As above, for params.yaml."""
    keys = {re.sub(r"\$\{(key|item)\}", "{name}", key) for key in tracked(stage)[1]}
    assert keys == constants(stage)["PARAMS"]
