"""listed: hashes of what the methods of params.yaml have made."""

from __future__ import annotations

import pytest

from focus import settings
from focus.files import read_json
from focus.stages import paths
from focus.stages.listed import Settings, work


@pytest.fixture
def listed(project):
    """Values of two methods, and a function that returns what is listed."""
    for name in ("FOCUS", "mean-face"):
        (paths.METRICS / name).mkdir(parents=True)
        (paths.METRICS / name / "images.csv").write_text(f"{name}\n")

    def run() -> dict[str, dict[str, str]]:
        work(settings.load(Settings))
        return {file.stem: read_json(file) for file in sorted(paths.LISTED.glob("*.json"))}

    return run


def test_each_file_of_a_listed_method(listed):
    """A changed value would not reach the tables."""
    before = listed()
    assert list(before["metrics"]) == ["results/metrics/FOCUS/images.csv", "results/metrics/mean-face/images.csv"]
    assert list(before["corrected"]) == ["results/metrics/FOCUS/images.csv"]
    (paths.METRICS / "FOCUS" / "images.csv").write_text("other\n")
    after = listed()
    assert {name for name in before if before[name] != after[name]} == {"metrics", "corrected"}


def test_leftovers(listed):
    """A removed variant's files, or Snakemake's note of the time, would rerun the documents."""
    before = listed()
    (paths.METRICS / "FOCUS" / ".snakemake_timestamp").write_text("")
    for folder, name in (
        (paths.METRICS, "Gone/images.csv"),
        (paths.EVALUATION, "Gone/x.npy"),
        (paths.CURVES, "Gone.csv"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old\n")
    assert listed() == before


def test_what_reaches_what(listed):
    """Predictions or curves would be dependencies of documents that show none, or of none."""
    before = listed()
    for path in (
        paths.EVALUATION / "FOCUS" / "now_shape.npy",
        paths.CURVES / "MoFA.csv",
        paths.CURVES / "initialise.csv",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("new\n")
    after = listed()
    assert len(after["curves"]) == 2 and after["metrics"] == before["metrics"]
    assert "data/evaluation/FOCUS/now_shape.npy" in after["predictions"].keys() & after["corrected"].keys()
