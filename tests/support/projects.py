"""Copies of this project in temporary folders, and their engines run as a person would run them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).with_name("stand_in_stage.py")
EXECUTED = "executed.log"
TO_THE_RECOGNISER = {
    "dvc": ("dvc", "repro", "recogniser"),
    "snakemake": ("snakemake", "--cores", "1", "models/recogniser"),
}


def copy_of_the_work_tree(target: Path) -> Project:
    """Copy what git would commit here, changed and new files included, into a fresh repository at `target`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, copy = ROOT / name, target / name
        if os.path.lexists(source):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
    project = Project(target)
    project.commit("copy of the work tree", first=True)
    return project


def committed(target: Path, *names: str) -> Path:
    """Copy what git has committed under `names` to `target`, whatever a run has made of it since; return `target`."""
    made = subprocess.run(["git", "archive", "HEAD", *names], cwd=ROOT, capture_output=True)
    if made.returncode:
        pytest.skip("no git repository: nothing is committed that could be compared")
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-x", "-C", target], input=made.stdout, check=True)
    return target


def without_results(project: Project) -> Project:
    """Remove dvc.lock and what a run writes into git, as if nothing had ever been run."""
    (project.path / "dvc.lock").unlink(missing_ok=True)
    for folder in ("data", "models", "logs", "results", ".snakemake", ".checkpoints"):
        shutil.rmtree(project.path / folder, ignore_errors=True)
    project.commit("nothing has been run")
    return project


def with_stand_in_stages(project: Project) -> Project:
    """Replace each stage's module by one that writes its outs from its inputs and parameters in no time.

    The pipeline stays the real one (dvc.yaml, params.yaml, profiles/, workflow/); only the work is not done. `listed`
    stays, as what reruns hangs on it; it notes nowhere that it ran.
    """
    for module in set(re.findall(r"focus\.stages\.(\w+)", (project.path / "dvc.yaml").read_text())) - {"listed"}:
        shutil.copy(STAND_IN, project.path / "src/focus/stages" / f"{module}.py")
    with (project.path / ".gitignore").open("a") as ignored:
        ignored.write(f"/{EXECUTED}\n")
    project.commit("stand-in stages")
    return project


def smoke_profile(target: Path) -> Project:
    """Return a copy of the work tree with `profile: smoke`, nothing run yet."""
    project = without_results(copy_of_the_work_tree(target))
    project.edit("params.yaml", r"^profile: \w+", "profile: smoke")
    project.commit("smoke profile")
    return project


def clone_of(project: Project, target: Path) -> Project:
    """Copy a project's folder whole, but for DVC's site cache, which speaks of the old place."""
    shutil.copytree(project.path, target, symlinks=True, ignore=shutil.ignore_patterns("dvc-site"))
    return Project(target)


@dataclass(frozen=True)
class Project:
    """A checkout at `path`; its commands run with this interpreter's own dvc, snakemake and python."""

    path: Path

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout; with `check`, a failure shows all that it printed."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self._variables(environment),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done

    def start(self, *command: str, output: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start a command as the head of a process group of its own, as a shell does; what it prints goes to `output`.

        Ctrl-C reaches it even where the tests themselves run in the background, which ignores it.
        """
        return subprocess.Popen(
            command,
            cwd=self.path,
            env=self._variables({}),
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def _variables(self, further: dict[str, str]) -> dict[str, str]:
        bin_folder = os.fspath(Path(sys.executable).parent)
        private = self.path / ".git" / "dvc-site"  # keeps the tests out of a user's DVC settings and caches
        return {
            **{key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}},
            "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
            "OMP_NUM_THREADS": "1",
            "DVC_GLOBAL_CONFIG_DIR": os.fspath(private / "global"),
            "DVC_SYSTEM_CONFIG_DIR": os.fspath(private / "system"),
            "DVC_SITE_CACHE_DIR": os.fspath(private / "cache"),
            **further,
        }

    def snakemake(self, *options: str, check: bool = True, **environment: str) -> str:
        """Run Snakemake and return what it printed."""
        return self.run("snakemake", *options, check=check, **environment).stdout

    def dvc(self, *options: str, check: bool = True, **environment: str) -> str:
        """Run DVC and return what it printed."""
        return self.run("dvc", *options, check=check, **environment).stdout

    def commit(self, message: str, *, first: bool = False) -> None:
        """Commit everything that is not ignored."""
        if first:
            self.run("git", "init", "-q", ".")
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
        self.run("git", "add", "-A")
        self.run("git", *who, "commit", "-q", "--allow-empty", "-m", message)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the first match of the regular expression `old` (^ and $ at line ends) in a file."""
        text, count = re.subn(old, new, (self.path / name).read_text(), count=1, flags=re.MULTILINE)
        assert count == 1, f"{name}: found no {old!r}"
        (self.path / name).write_text(text)

    def planned(self) -> set[str]:
        """Return the stages that Snakemake would run now."""
        return set(re.findall(r"--single-item (\S+) >", self.snakemake("-n", "--printshellcmds")))

    def stale(self) -> set[str]:
        """Return the stages that `dvc repro` would run now."""
        return set(re.findall(r"Running stage '([^']+)'", self.dvc("repro", "--dry")))

    def executed(self) -> list[str]:
        """Return the stages whose own code has run, in order (stand-in stages note themselves)."""
        log = self.path / EXECUTED
        return log.read_text().split() if log.exists() else []

    def forget_executed(self) -> None:
        """Empty the list of executed stages."""
        (self.path / EXECUTED).unlink(missing_ok=True)

    def is_up_to_date(self) -> bool:
        """Return whether `dvc status` finds nothing changed."""
        return self.dvc("status", "--json").strip() == "{}"

    def remove_outs(self) -> None:
        """Delete every output that DVC's cache holds."""
        for folder in ("data", "models"):
            shutil.rmtree(self.path / folder, ignore_errors=True)

    def contents(self, *folders: str) -> dict[str, bytes]:
        """Return the bytes of every file under `folders`, by relative path."""
        files = (file for folder in folders for file in sorted((self.path / folder).rglob("*")) if file.is_file())
        return {
            file.relative_to(self.path).as_posix(): file.read_bytes()
            for file in files
            if file.name != ".snakemake_timestamp"
        }
