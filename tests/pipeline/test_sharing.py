"""What travels to others and what must not: remotes, licensed assets, the report, experiments."""

import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from projects import Project, copy_of_the_work_tree

RESULTS = ("data", "models", "results")
MARK = "-".join(("LICENSED", "4e1f"))  # in two parts, as this file is in git too
# What a page loads: scripts, pictures, styles, fonts; not the addresses that it only names or links to.
LOADS = re.compile(r"""(?:<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=|url\(|@import )\s*["']?(https?:)?//""")


class QuietHandler(SimpleHTTPRequestHandler):
    """A web server of files that writes no log."""

    def log_message(self, *_: object) -> None:
        pass


def clone(project: Project, target: Path) -> Project:
    """Return a fresh clone of what a project has committed."""
    project.run("git", "clone", "-q", str(project.path), str(target))
    return Project(target)


def use_remotes(project: Project, folder: Path) -> None:
    """Point both remotes at folders."""
    for name in ("shared", "private"):
        project.dvc("remote", "modify", "--local", name, "url", str(folder / name))


def holders(folder: Path) -> list[str]:
    """Return the files under a folder that hold the mark."""
    return [str(file) for file in folder.rglob("*") if file.is_file() and MARK.encode() in file.read_bytes()]


def test_results_travel_through_a_remote(run_by_snakemake, copy, tmp_path):
    """A fresh clone would compute what a colleague has pushed."""
    project = copy(run_by_snakemake)
    use_remotes(project, tmp_path / "remotes")
    project.dvc("push", "--run-cache")
    fresh = clone(project, tmp_path / "clone")
    use_remotes(fresh, tmp_path / "remotes")
    fresh.dvc("pull", "--run-cache")
    assert fresh.is_up_to_date()
    fresh.dvc("repro")
    assert fresh.executed() == [] and fresh.contents(*RESULTS) == run_by_snakemake.contents(*RESULTS)


def test_packed_models_and_results_are_pulled_from_a_web_server(run_by_snakemake, copy, tmp_path):
    """Whoever wants the models would have to train them, or `make share` would pack what nobody can read."""
    project, packed = copy(run_by_snakemake), tmp_path / "packed"
    project.run(sys.executable, "scripts/share.py", str(packed))
    fresh = clone(project, tmp_path / "clone")
    handler = partial(QuietHandler, directory=str(packed))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        fresh.dvc("remote", "modify", "--local", "shared", "url", address)
        fresh.dvc("pull", "--allow-missing", no_proxy="127.0.0.1")
        server.shutdown()
    assert fresh.contents("models", "results") == project.contents("models", "results")
    assert not [path for path in (fresh.path / "data").rglob("*") if path.is_file()]  # DVC leaves empty folders


@pytest.fixture
def licensed(stand_in: Project, copy) -> Project:
    """A project that has run on a licensed file with a mark in it, as the README says, and is committed."""
    project = copy(stand_in)
    (project.path / "licensed").mkdir()
    (project.path / "licensed/model.h5").write_text(f"{MARK}\n")
    (project.path / ".git/info/exclude").write_text("/licensed/\n")
    project.edit("profiles/demo.yaml", r"bfm: null", "bfm: licensed/model.h5")
    project.edit("params.yaml", r"^remote: shared", "remote: private")
    project.dvc("repro", STAND_IN_MARK=MARK)
    project.commit("run on a licensed file")
    return project


def test_nothing_derived_from_a_licensed_file_leaves(licensed, tmp_path):
    """A licence would be broken by a `dvc push` or a `git push`."""
    for place in ("data/face_model", "models/FOCUS", "results/figures/faces"):
        assert holders(licensed.path / place), f"{place}: the test would look for a mark that is not there"
    use_remotes(licensed, tmp_path / "remotes")
    licensed.dvc("push")
    assert holders(tmp_path / "remotes/private"), "outputs must go to the remote that the licence allows"
    licensed.run("dvc", "push", "-r", "shared", check=False)
    licensed.run("dvc", "push", "--run-cache", check=False)
    assert holders(tmp_path / "remotes/shared") == []
    published = clone(licensed, tmp_path / "published").path
    assert holders(published / "results") == [] and holders(published / "data") == []
    packed = subprocess.run(
        ["git", "grep", "-l", MARK, "HEAD"], cwd=licensed.path, capture_output=True, text=True, check=False
    )
    assert packed.stdout == ""


def test_the_report_is_whole_and_loads_nothing_from_elsewhere(run_by_snakemake, copy):
    """`snakemake --report` would fail, or show nothing without a network."""
    project = copy(run_by_snakemake)
    project.snakemake("--report", "report.html")
    page = (project.path / "report.html").read_text()
    assert len(page) > 10_000 and "Table" in page
    assert LOADS.findall(page) == []


def test_ablations_in_a_queue(run_by_dvc, copy):
    """The ablations of docs/results.md would not run, or their table not be written."""
    project = copy(run_by_dvc)
    project.dvc("exp", "run", "--queue", "-S", "ablation.variant=Baseline,FOCUS", "headline")
    project.dvc("exp", "run", "--queue", "-S", "profiles/demo.yaml:losses.segmentation.neighbour=7", "headline")
    project.dvc("exp", "run", "--run-all")
    project.run("python", "scripts/experiments.py")
    rows = (project.path / "results/experiments.csv").read_text().splitlines()
    assert rows[0].startswith("variant,losses.segmentation.neighbour,ar_f1_unoccluded") and len(rows) == 4
    assert [row.split(",")[:2] for row in rows[1:]] == [["Baseline", "14"], ["FOCUS", "14"], ["FOCUS", "7"]]


def test_exp_run_with_another_profile_from_a_clean_clone(stand_in, tmp_path):
    """`dvc exp run -S profile=smoke` would run the demo, or fail before it."""
    project = clone(stand_in, tmp_path / "clone")
    project.dvc("exp", "run", "-S", "profile=smoke", "headline")
    assert "profiles/smoke.yaml" in (project.path / "dvc.lock").read_text()
    assert "headline" in project.executed()


def test_plots_draw_curves_and_pictures(tmp_path):
    """`dvc plots show` would leave out the training curves or the pictures of the committed run."""
    project = copy_of_the_work_tree(tmp_path / "project")
    if not (project.path / "results/figures/figure1.png").exists():
        pytest.skip("no committed run")
    wanted = ("results/curves/FOCUS.csv", "pixel-loss-of-R", "preservation-loss-of-S", "results/figures")
    project.dvc("plots", "show", "-o", "drawn", *wanted)
    page = (project.path / "drawn/index.html").read_text()
    assert all(name in page for name in ("FOCUS.csv", "pixel-loss-of-R", "preservation-loss-of-S"))
    assert (
        page.count('"title": "step"') and (project.path / "drawn/static/workspace_results_figures_figure1.png").exists()
    )
