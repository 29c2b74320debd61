"""The committed JSON schemas, and Snakemake's check of params.yaml and the profile."""

import json
import shutil
from pathlib import Path

import pytest

from check_settings import SCHEMAS, check_settings
from focus.settings import json_schemas
from projects import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """params.yaml and the profiles in a folder of their own."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_committed_schemas_are_those_of_the_settings_classes():
    """Snakemake and editors would refuse a new setting, or accept a removed one: run `make schemas`."""
    committed = {path.name.removesuffix(".schema.json"): json.loads(path.read_text()) for path in SCHEMAS.iterdir()}
    assert committed == json_schemas()


@pytest.mark.parametrize("profile", sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml")))
def test_every_profile_passes(project, profile):
    """Snakemake would refuse settings that the stages accept."""
    replace(project / "params.yaml", "profile: demo", f"profile: {profile}")
    check_settings(project)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("params.yaml", "schedule: em", "schedule: me", r"params\.yaml: variants\.\w+\.schedule: .* found 'me'"),
        ("params.yaml", "\nseeds:", "\nseedz:", r"params\.yaml: seeds: Field required"),
        ("params.yaml", "profile: demo", "profile: domo", r"profiles/domo\.yaml: no such file"),
        ("profiles/demo.yaml", "xi: 0.17", "xi: wide", r"profiles/demo\.yaml: initialise\.xi: .* found 'wide'"),
        ("profiles/demo.yaml", "threads: 1,", "threads: 0,", r"profiles/demo\.yaml: compute\.threads: .* found 0"),
        ("profiles/demo.yaml", "emulate: true", "emulate: [", r"profiles/demo\.yaml: not valid YAML"),
        # What no schema says: names that must fit together, and names that DVC would read as a path or a number.
        ("params.yaml", "  variant: FOCUS  ", "  variant: FOKUS  ", r"params\.yaml: ablation\.variant: found 'FOKUS'"),
        ("params.yaml", "  FOCUS-TTA:  ", "  FOCUS.2:  ", r"params\.yaml: variants\.FOCUS\.2: String should match"),
        ("params.yaml", "  FOCUS-TTA:  ", "  2:  ", r"params\.yaml: variants\.2: Input should be a valid string"),
        ("params.yaml", "  FOCUS-TTA:  ", "  MoFA:  ", r"params\.yaml: line \d+: found 'MoFA' twice in one mapping"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_key(project, file, old, new, message):
    """Snakemake would start hours of work that a later stage refuses, or print a traceback."""
    replace(project / file, old, new)
    with pytest.raises(SystemExit, match=message) as caught:
        check_settings(project)
    assert "\n" not in str(caught.value)
