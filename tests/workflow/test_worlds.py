"""scripts/worlds.py: what a run's clone is, what is done again after a stop, and what is not."""

from __future__ import annotations

import shutil
from argparse import Namespace
from pathlib import Path

import pytest
import yaml

import worlds
from focus.errors import FocusError
from focus.files import read_json
from focus.report.worlds.study import Run
from focus.settings import read_params
from projects import ROOT


class Machine:
    """Stands in for git, DVC and Snakemake: notes what was asked for, and fails at the runs named in `failing`."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.failing: list[str] = []
        self.changes = ""

    def __call__(self, words, folder, log=None, check=True):
        name = " ".join(words[:2])
        if name == "git clone":
            Path(words[-1]).mkdir(parents=True)
            shutil.copy(ROOT / "params.yaml", words[-1])
            (Path(words[-1]) / "dvc.lock").write_text("a run of everything")
        elif words[0] == "snakemake":
            self.called.append(f"{words[0]} {folder.name}")
            if folder.name in self.failing:
                self.failing.remove(folder.name)
                if check:
                    raise FocusError(f"{folder}: snakemake ended with 1; see {log}")
                return None
        elif words[:3] == ["dvc", "exp", "save"]:
            self.called.append(f"save {words[words.index('--name') + 1]}")
        return {"git rev-parse": "abc\n", "git status": self.changes, "dvc cache": ".dvc/cache\n"}.get(name, "")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A clone to work in, with a machine whose commands cost nothing and whose runs have nothing to collect."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    made = Machine()
    monkeypatch.setattr(worlds, "command", made)
    monkeypatch.setattr(worlds, "collect", lambda place, out: made.called.append(f"collect {place.run.name}"))
    return made


def options(**changed: object) -> Namespace:
    chosen = {"worlds": [0, 1], "seeds": 1, "cores": 2, "jobs": 1, "profile": None, "only": None}
    return Namespace(**{**chosen, "work": Path("worlds"), "keep": False, **changed})


def test_all_runs_in_order(machine):
    """A run is left out, not saved as an experiment, or not collected."""
    worlds.run_all(options())
    names = ["world0-seed0", "world1-seed0"]
    assert machine.called == [f"{what} {name}" for name in names for what in ("snakemake", "save", "collect")]
    assert list(read_json(Path("logs/worlds/cost.json"))) == names


def test_worlds_are_named():
    """A number of worlds would be taken for a world's seed, or a word end in a traceback."""
    assert worlds.parsed(["run", "--worlds", "0,3,4"]).worlds == [0, 3, 4]
    with pytest.raises(SystemExit):
        worlds.parsed(["run", "--worlds", "three"])


def test_side_by_side_a_world_is_made_once(machine):
    """Two runs of a world begin together, and both draw its data and train its recogniser."""
    worlds.run_all(options(seeds=3, jobs=2))
    saved = [call for call in machine.called if call.startswith("save")]
    assert set(saved[:2]) == {"save world0-seed0", "save world1-seed0"} and len(saved) == 6


def test_a_finished_run_is_not_run_again(machine):
    """Adding a seed would compute the finished runs once more."""
    worlds.run_all(options())
    machine.called.clear()
    worlds.run_all(options(seeds=2))
    assert [call for call in machine.called if call.startswith("snakemake")] == [
        "snakemake world0-seed1",
        "snakemake world1-seed1",
    ]


def test_one_run_alone(machine):
    """Nobody could check one run in a clean clone without making the others."""
    worlds.run_all(options(only="world1-seed0"))
    assert machine.called == ["snakemake world1-seed0", "save world1-seed0", "collect world1-seed0"]
    with pytest.raises(FocusError, match="--only: found 'world9-seed0', expected one of world0-seed0, world1-seed0"):
        worlds.run_all(options(only="world9-seed0"))


def test_a_failed_run_is_tried_once_more_and_then_named(machine):
    """A passing trouble would end the night, or a lasting one be passed over."""
    machine.failing = ["world0-seed0"]
    worlds.run_all(options(worlds=[0]))
    assert machine.called == [
        "snakemake world0-seed0",
        "snakemake world0-seed0",
        "save world0-seed0",
        "collect world0-seed0",
    ]
    machine.failing, machine.called = ["world1-seed0"] * 2, []
    with pytest.raises(FocusError, match="world1-seed0: snakemake ended with 1"):
        worlds.run_all(options())
    assert not Path("worlds/world1-seed0.json").exists() and Path("worlds/world1-seed0/params.yaml").exists()


def test_a_broken_run_goes_on_in_its_clone(machine):
    """What its stages have done would be lost."""
    machine.failing = ["world0-seed0"] * 2
    with pytest.raises(FocusError):
        worlds.run_all(options(worlds=[0]))
    Path("worlds/world0-seed0/half done").touch()
    locks = Path("worlds/world0-seed0/.snakemake/locks")
    locks.mkdir(parents=True)
    (locks / "0.input.lock").touch()
    machine.called.clear()
    worlds.run_all(options(worlds=[0]))
    assert Path("worlds/world0-seed0/half done").exists()
    assert machine.called.count("snakemake world0-seed0") == 2, "once to remove the lock of the killed one"


def test_half_a_clone_is_made_anew(machine):
    """A run killed while cloning would go on without settings of its own."""
    Path("worlds/world0-seed0.tmp").mkdir(parents=True)
    worlds.run_all(options(worlds=[0]))
    assert not Path("worlds/world0-seed0.tmp").exists() and Path("worlds/world0-seed0/params.yaml").exists()


def test_the_clone_forgets_the_run_of_its_commit(machine):
    """Values of another world would stand beside the run's own."""
    worlds.run_all(options(worlds=[0]))
    assert not Path("worlds/world0-seed0/dvc.lock").exists()


def test_settings_of_a_run(tmp_path):
    """A run has another world's seed or other methods than it says, or changes what it shares with the plain run."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    worlds.change_settings(tmp_path / "params.yaml", Run(2, 1), "smoke")
    found, plain = read_params(tmp_path), read_params(ROOT)
    assert (found.seeds.data, found.seeds.training, found.profile) == (2, 1, "smoke")
    assert [*found.variants, *found.corrected] == plain.study and found.instance_wise == {}
    assert all(found.variants[name] == plain.variants[name] for name in found.variants)
    left = yaml.safe_load((tmp_path / "params.yaml").read_text())
    assert left["method"] == yaml.safe_load((ROOT / "params.yaml").read_text())["method"]


def test_uncommitted_changes_are_refused(machine):
    """The runs would be of a commit that has not what the user sees."""
    machine.changes = " M params.yaml\n"
    with pytest.raises(FocusError, match=r"params\.yaml: found changes that are not committed"):
        worlds.run_all(options())


def test_a_commit_in_between_changes_no_run(machine, capsys):
    """Half of the runs would be of one commit and half of another."""
    worlds.run_all(options(worlds=[0]))
    answers = machine.__call__
    worlds.command = lambda words, *rest, **more: (
        "def\n" if words[:2] == ["git", "rev-parse"] else answers(words, *rest, **more)
    )
    worlds.run_all(options())
    assert "the runs are of commit abc, not of def; for new ones remove" in capsys.readouterr().out
    assert read_json(Path("worlds/world1-seed0.json"))["commit"] == "abc"
