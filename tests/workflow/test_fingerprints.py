"""A stage's fingerprint changes with what it can run, and with nothing else."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

import dvc_dag
from focus import fingerprints
from focus.errors import FocusError
from focus.fingerprints.closure import Source
from projects import ROOT

FILES = {
    "__init__.py": "def __getattr__(name):\n    from focus.late import heavy\n    return heavy\n",
    "late.py": "def heavy(): return 1\n",
    "stages/__init__.py": "",
    "stages/train.py": "from typing import TYPE_CHECKING\nimport numpy as np\nfrom focus import losses, settings\n"
    "if TYPE_CHECKING:\n    from focus.types import Hint\nSECTIONS = ('em',)\n\n"
    "def work(hint: 'Hint'):\n    from focus.nets import block\n"
    "    return block(losses.robust(np.ones(settings.Profile().em.rounds)))\n\n"
    'if __name__ == "__main__":\n    work(None)\n',
    "losses.py": "def robust(x): return helper(x)\n\ndef helper(x): return x + 1\n\ndef unused(x): return x\n",
    "nets/__init__.py": "from focus.nets.blocks import block\nfrom focus.nets.spare import spare\n",
    "nets/blocks.py": "from importlib import resources\n\n"
    "def block(x):\n    return (resources.files('focus.nets') / 'table.csv', x)\n",
    "nets/spare.py": "def spare(x): return -x\n",
    "nets/table.csv": "1,2\n",
    "types.py": "class Hint: pass\n",
    "settings/__init__.py": "class EM:\n    rounds: int = 3\n    never_read: int = 1\n\n"
    "class Profile:\n    em: EM = EM()\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A little project with one stage, `train`."""
    for name, text in FILES.items():
        path = tmp_path / "src/focus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def of(root: Path, stage: str = "train") -> str:
    """Return a stage's fingerprint."""
    return fingerprints.fingerprint(Source(root / "src"), stage)["sha256"]


def edit(root: Path, name: str, old: str, new: str) -> None:
    """Replace text that stands once in a file of the source."""
    file = root / "src/focus" / name
    assert file.read_text().count(old) == 1, f"{name}: found {file.read_text().count(old)} times {old!r}"
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("losses.py", "def robust(x):", '"""Losses."""\n# a comment\n\ndef robust(x):'),
        ("losses.py", "def unused", 'WEIGHT = 1\n"""Of a term."""\n\n\ndef unused'),
        ("losses.py", "def unused(x): return x", "def unused(x): return 2 * x"),
        ("losses.py", "def unused", "from focus.late import heavy\n\ndef unused"),
        ("nets/spare.py", "-x", "-2 * x"),
        ("types.py", "pass", "x = 1"),
        ("late.py", "return 1", "return 2"),
        ("settings/__init__.py", "never_read: int = 1", "never_read: int = 2\n    new_setting: int = 0"),
        ("stages/train.py", "from focus.types import Hint", "from focus.types import Hint, Other"),
    ],
)
def test_what_cannot_change_a_byte_changes_nothing(tree, name, old, new):
    """A comment, a docstring, a type or a setting that nobody reads would cost a training."""
    before = of(tree)
    edit(tree, name, old, new)
    assert of(tree) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("losses.py", "x + 1", "x + 2"),
        ("losses.py", "def robust", "print('imported')\n\ndef robust"),
        ("nets/spare.py", "def spare", "import os\nos.environ['SEED'] = '1'\n\ndef spare"),
        ("nets/blocks.py", ", x)", ", -x)"),
        ("nets/table.csv", "2", "3"),
        ("nets/__init__.py", "from focus.nets.blocks import block", "from focus.nets.spare import spare as block"),
        ("settings/__init__.py", "rounds: int = 3", "rounds: int = 4"),
        ("settings/__init__.py", "rounds: int", "rounds: float"),
        ("stages/train.py", "import numpy as np", "import torch as np"),
    ],
)
def test_what_can_change_a_byte_is_seen(tree, name, old, new):
    """A result would be one of older code, without a word."""
    before = of(tree)
    edit(tree, name, old, new)
    assert of(tree) != before


def test_two_functions_that_change_places_are_seen(tree):
    """Import lines do not count by their text, so what they bind must."""
    edit(
        tree,
        "stages/train.py",
        "return block(losses",
        "from focus.nets import spare\n    spare(1)\n    return block(losses",
    )
    before = of(tree)
    edit(tree, "stages/train.py", "from focus.nets import block", "from focus.nets import spare as block")
    edit(tree, "stages/train.py", "from focus.nets import spare\n", "from focus.nets import block as spare\n")
    assert of(tree) != before


def test_a_moved_module_changes_nothing(tree):
    """Tidying up would cost a training."""
    before = of(tree)
    (tree / "src/focus/nets/blocks.py").rename(tree / "src/focus/nets/layers.py")
    edit(tree, "nets/__init__.py", "focus.nets.blocks", "focus.nets.layers")
    assert of(tree) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import importlib\nimportlib.import_module(name)\n", r"losses\.py: found import_module of a computed name"),
        ("from importlib import resources\nresources.files(name)\n", r"losses\.py: found resources\.files of a comp"),
        ("from importlib import resources\nresources.files('focus') / 'gone'\n", r"gone: no such file, expected data"),
        ("from focus.nets import *\n", r"losses\.py: line 1: found an import of \*"),
        ("print(__file__)\n", r"losses\.py: found __file__, expected resources\.files"),
        ("from focus.gone.away import x\nx()\n", r"found an import of focus\.gone\.away\.x, expected a module"),
        ("def robust(:\n", r"losses\.py: line 1: found .*expected Python"),
    ],
)
def test_what_cannot_be_followed_is_refused(tree, text, message):
    """An edit behind it would rerun nothing."""
    (tree / "src/focus/losses.py").write_text(text + "def robust(x): return x\n")
    with pytest.raises(FocusError, match=message):
        of(tree)


def test_a_stale_stage_stops_with_one_line(tree):
    """A stage started by hand would give its result the fingerprint of other code."""
    with pytest.raises(FocusError, match=r"train\.json: no such file, expected .*dvc repro code"):
        fingerprints.check("train/FOCUS", tree)
    fingerprints.write(tree)
    fingerprints.check("train/FOCUS", tree)
    edit(tree, "losses.py", "def robust", "# a comment\ndef robust")
    fingerprints.check("train/FOCUS", tree)
    edit(tree, "losses.py", "x + 1", "x + 2")
    with pytest.raises(FocusError, match=r"train\.json: found the fingerprint of other code.*dvc repro code"):
        fingerprints.check("train/FOCUS", tree)


def test_a_fingerprint_of_another_commit_is_not_taken_for_this_ones(tree):
    """`git checkout` of workflow/code alone would go unseen, as no source changed."""
    fingerprints.write(tree)
    (tree / "workflow/code/train.json").write_text('{"python": "3.11", "sha256": "0"}\n')
    with pytest.raises(FocusError, match="other code"):
        fingerprints.check("train", tree)


def test_dvc_yaml_and_the_code_have_the_same_stages():
    """A new stage's code would be tracked by nothing."""
    entries = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert dvc_dag.entries(ROOT)["code"] == [f"workflow/code/{name}.json" for name in fingerprints.stages(ROOT)]
    assert sorted(entries) == sorted(["code", *fingerprints.stages(ROOT)])
    for name, entry in entries.items():
        body = entry.get("do", entry)
        if name != "code":
            assert f"workflow/code/{name}.json" in body["deps"]
            assert re.search(r"python -m (\S+)", body["cmd"])[1] == f"focus.stages.{name}"
        assert name == "code" or not [dep for dep in body["deps"] if dep.startswith("src")], name


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's source."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "models"))
    return tmp_path


@pytest.fixture(scope="module")
def now() -> dict[str, dict[str, str]]:
    """The fingerprints of the source as it is."""
    return all_of(ROOT)


def all_of(root: Path) -> dict[str, dict[str, str]]:
    """Return the fingerprints of all stages."""
    source = Source(root / "src")
    return {stage: fingerprints.fingerprint(source, stage) for stage in fingerprints.stages(root)}


def changed(project: Path, now: dict[str, dict[str, str]]) -> set[str]:
    """Return the stages whose fingerprint is no longer the same."""
    after = all_of(project)
    return {stage for stage in now if after[stage] != now[stage]}


def test_docstrings_and_comments_of_the_project_rerun_nothing(project, now):
    """A sentence in losses.py once made 43 of 58 stages stale."""
    for file in (project / "src").rglob("*.py"):
        file.write_text(file.read_text() + "# a comment\n")
    edit(project, "losses/equations.py", "# a comment\n", "")
    text = (project / "src/focus/losses/equations.py").read_text()
    (project / "src/focus/losses/equations.py").write_text(re.sub(r'^"""', '"""Other words. ', text, count=1))
    assert changed(project, now) == set()


def with_a_change(text: str, function: str) -> str:
    """Return a module's text in which one of its functions does something more."""
    changed, count = re.subn(rf"(\ndef {function}\((?:.|\n)*?:\n)", r"\1    print()\n", text)
    assert count, function
    return changed


def test_a_loss_of_s_reruns_what_trains_s(project, now):
    """An edited loss would rerun data sets, or miss a training."""
    file = project / "src/focus/losses/equations.py"
    text = file.read_text()
    file.write_text(with_a_change(text, "segmentation_loss"))
    assert changed(project, now) == {"train"}
    file.write_text(with_a_change(text, "preservation_loss"))
    assert changed(project, now) == {"train"}
    file.write_text(with_a_change(text, "area_loss"))  # a term of R as well
    assert changed(project, now) == {"train", "initialise", "r_syn", "instance_fit", "demo_model"}


def test_an_occluder_reruns_the_data_sets_alone(project, now):
    """An edited pair of glasses would rerun code that never draws it (what follows, follows by the data)."""
    file = project / "src/focus/emulation/occluders.py"
    file.write_text(with_a_change(file.read_text(), r"[a-z]\w*"))
    assert changed(project, now) == {"datasets", "demo_model"}  # whose thresholds are chosen on people of its own


def test_a_setting_reruns_what_reads_it(project, now):
    """A new setting once made all 58 stages stale."""
    field = "    bootstrap: Positive = Field("
    edit(project, "settings/profile.py", field, f"    new_setting: int = 0\n{field}")
    assert changed(project, now) == set()
    edit(project, "settings/profile.py", field, f"{field}7, ")
    assert changed(project, now) == {"claims"}
