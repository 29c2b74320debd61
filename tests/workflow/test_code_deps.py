"""A stage's code dependencies are its import closure."""

from pathlib import Path

import pytest

import code_deps
from projects import ROOT


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A little package: stage `train` imports part of `nets`, `losses` inside a function, and so on."""
    files = {
        "stages/__init__.py": "",
        "stages/train.py": "import torch\nfrom focus import seeds\nfrom focus.nets import unet\n"
        "def f():\n    import focus.losses\n",
        "stages/other.py": "",
        "nets/__init__.py": "",
        "nets/unet.py": "from .blocks import block\n",
        "nets/blocks.py": "",
        "nets/unused.py": "",
        "losses.py": "from focus.files import write_json\n",
        "files.py": "from importlib import import_module\nimport_module('focus.late')\n",
        "late.py": "",
        "seeds.py": "from . import errors\n",
        "errors.py": "",
        "__init__.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "src/focus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def closure(tree: Path) -> set[str]:
    found = code_deps.closure(tree, "focus.stages.train")
    return {file.relative_to(tree / "src/focus").as_posix() for file in found}


def test_closure_holds_what_is_imported_and_nothing_else(tree):
    """A stage would rerun for an edit that it cannot see, or miss one that it can."""
    packages = {"__init__.py", "stages/__init__.py", "nets/__init__.py"}
    own = {
        "stages/train.py",
        "nets/unet.py",
        "nets/blocks.py",
        "losses.py",
        "files.py",
        "seeds.py",
        "errors.py",
        "late.py",
    }
    assert closure(tree) == packages | own


def test_data_that_a_module_reads_is_tracked(tree):
    """A figure of the paper that is put right in a CSV would not reach the tables."""
    (tree / "src/focus/late.py").write_text("text = (resources.files('focus.nets') / 'paper' / name).read_text()\n")
    files = code_deps.closure(tree, "focus.stages.train")
    assert "src/focus/nets/paper" in code_deps.folded(tree, files)
    (tree / "src/focus/nets/unused.py").unlink()  # then `nets` is one folder, and holds the data
    assert "src/focus/nets/paper" not in code_deps.folded(tree, code_deps.closure(tree, "focus.stages.train"))


def test_a_package_wholly_in_the_closure_is_one_folder(tree):
    """dvc.yaml would list every file of every package."""
    files = code_deps.closure(tree, "focus.stages.train")
    assert "src/focus/nets/unet.py" in code_deps.folded(tree, files)
    (tree / "src/focus/nets/unused.py").unlink()
    folded = code_deps.folded(tree, files)
    assert "src/focus/nets" in folded and not [path for path in folded if path.startswith("src/focus/nets/")]


def test_writing_keeps_the_rest_of_dvc_yaml(tree):
    """`make deps` would lose comments, quotes or data dependencies."""
    before = (
        "# a comment\nstages:\n  train:\n    foreach: ${variants}\n    do:\n"
        "      cmd: python -m focus.stages.train ${key}\n"
        "      deps:\n        - data/raw/${key}\n        - src/focus/gone.py\n      # why\n      outs:\n"
        '        - models/${key}: {remote: "${remote}"}\n'
    )
    (tree / "dvc.yaml").write_text(before)
    after, wrong = code_deps.compare(tree)
    assert "gone.py" in wrong["train"]
    (tree / "dvc.yaml").write_text(after)
    kept = [line for line in after.splitlines() if "src/focus" not in line]
    assert kept == [line for line in before.splitlines() if "src/focus" not in line]
    assert code_deps.compare(tree)[1] == {}


@pytest.mark.parametrize("deps", ["", "      deps: []\n", "      deps: [src/focus/gone.py]\n"])
def test_writing_makes_a_list_where_there_is_none(tree, deps):
    """A new stage would have to list a dependency by hand first."""
    (tree / "dvc.yaml").write_text(
        f"stages:\n  train:\n    do:\n      cmd: python -m focus.stages.train\n{deps}      outs: [x]\n"
    )
    (tree / "dvc.yaml").write_text(code_deps.compare(tree)[0])
    assert code_deps.compare(tree)[1] == {}


def test_an_unknown_stage_module_ends_with_one_line(tree):
    """A mistyped stage name would leave its code untracked."""
    (tree / "dvc.yaml").write_text("stages:\n  train:\n    cmd: python -m focus.stages.trian\n    outs: [x]\n")
    with pytest.raises(SystemExit, match=r"dvc\.yaml: found cmd .*trian.*expected"):
        code_deps.compare(tree)


def test_dvc_yaml_tracks_each_stages_import_closure():
    """An edit would rerun too much or too little: run `make deps`."""
    _, wrong = code_deps.compare(ROOT)
    assert wrong == {}


def test_an_import_by_a_computed_name_is_refused(tree):
    """The closure could not follow it, and an edit there would rerun nothing."""
    (tree / "src/focus/files.py").write_text("import importlib\nimportlib.import_module(name)\n")
    with pytest.raises(SystemExit, match=r"files\.py: found import_module of a computed name"):
        closure(tree)
