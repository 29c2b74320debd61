"""The whole pipeline on the smoke profile, run once by Snakemake without a network; then what it wrote is looked at."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from projects import ROOT, Project, smoke_profile

COLUMNS = {
    1: "method,testset,rmse_mean,rmse_std,images,source",
    2: "method,split,median_mm,mean_mm,std_mm,images,source",
    3: "method,subset,median_mm,mean_mm,std_mm,images,source",
    4: "method,subset,acc,ppv,tpr,f1_mean,f1_std,images,source",
    5: "method,subset,acc,ppv,tpr,f1_mean,f1_std,now_median_mm,now_mean_mm,now_std_mm,images,source",
}
SCORES = ["acc", "ppv", "tpr", "f1_mean", "f1_std"]
WITHOUT_NETWORK = ("python", str(ROOT / "tests/support/no_network.py"))
NOW = ["now_median_mm", "now_mean_mm", "now_std_mm"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The smoke profile after `snakemake --cores 2` in a fresh copy, for which every network socket fails."""
    project = smoke_profile(tmp_path_factory.mktemp("smoke") / "project")
    project.run(*WITHOUT_NETWORK, "snakemake", "--cores", "2")
    return project


@pytest.fixture(scope="module")
def params(run: Project) -> dict:
    return yaml.safe_load((run.path / "params.yaml").read_text())


def table(run: Project, number: int) -> pd.DataFrame:
    return pd.read_csv(run.path / f"results/tables/table{number}.csv")


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_the_run_had_no_network(run: Project, family: str) -> None:
    """The block around the run would block nothing, and a stage could download what another machine lacks."""
    code = f"import os, socket; socket.socketpair(); socket.socket(socket.{family})"
    done = run.run(*WITHOUT_NETWORK, "env", "-i", sys.executable, "-c", code, check=False)
    assert done.returncode == 1 and "PermissionError" in done.stdout


@pytest.mark.parametrize("number", COLUMNS)
def test_a_table_has_its_columns_and_every_run_row_is_filled(run: Project, params: dict, number: int) -> None:
    """A table would lack a method the project trains, or print an empty cell for it."""
    assert (run.path / f"results/tables/table{number}.csv").read_text().splitlines()[0] == COLUMNS[number]
    rows = table(run, number)
    groups = ("variants", "corrected", "instance_wise", "constant_masks", "references")
    methods = {plan.get("label", name): plan for group in groups for name, plan in params[group].items()}
    mine = rows[rows["source"] == "run"]
    assert set(mine["method"]) == {name for name, plan in methods.items() if number in plan["tables"]}
    figures = mine.drop(columns=["method", "source"])
    if number == 5:
        now = figures["subset"] == "NoW"
        assert figures.loc[now, NOW].notna().all(axis=None)
        assert figures.loc[~now, SCORES].notna().all(axis=None)
    else:
        assert figures.notna().all(axis=None)
    assert (mine["images"] > 0).all()


@pytest.mark.parametrize("number", COLUMNS)
def test_a_table_says_on_which_data_it_was_made(run: Project, number: int) -> None:
    """An embedded value would pose as a real one."""
    for suffix in ("md", "tex"):
        text = (run.path / f"results/tables/table{number}.{suffix}").read_text()
        assert "profile smoke, embedded data" in text and "not comparable" in text
    assert set(table(run, number)["source"]) == {"paper", "run"}


def test_every_stage_is_recorded_and_nothing_is_left_to_do(run: Project) -> None:
    """DVC would run something again after Snakemake, or lack a stage in dvc.lock."""
    assert "up to date" in run.dvc("status")
    assert not run.stale()


def test_nothing_half_written_stays(run: Project) -> None:
    """A temporary file or a checkpoint of a finished training would be left behind."""
    left = [path for path in run.path.rglob("*.tmp") if ".git/" not in path.as_posix()]
    assert not left and not any((run.path / ".checkpoints").rglob("*.pt"))


def test_images_are_accounted_for(run: Project) -> None:
    """An image would vanish between the raw folder and the tables without a word."""
    for split in ("celeba_train", "celeba_val", "celeba_test", "ar", "now"):
        report = json.loads((run.path / f"results/landmarks/{split}.json").read_text())
        packed = np.load(run.path / f"data/packed/{split}/images.npy", mmap_mode="r")
        assert report["images"] == report["packed"] + len(report["left_out"]) and len(packed) == report["packed"]


def test_raw_data_lie_in_the_real_layouts(run: Project) -> None:
    """The embedded sets would need readers of their own."""
    raw = run.path / "data/raw"
    assert (raw / "celeba_hq/CelebA-HQ-to-CelebA-mapping.txt").is_file()
    assert all(path.stat().st_size == 1_327_104 for path in (raw / "ar").rglob("*.raw"))
    assert (raw / "now/imagepathsvalidation.txt").is_file() and list((raw / "now/scans").rglob("*.obj"))


def test_claims_and_headline(run: Project) -> None:
    """`dvc exp show` would have no values, or a claim no verdict."""
    claims = json.loads((run.path / "results/claims.json").read_text())
    keys = {"id", "claim", "table", "testset", "a", "b", "margin", "low", "high", "holds"}
    assert all(keys <= set(claim) for claim in claims) and len({claim["id"] for claim in claims}) == len(claims)
    assert all(claim["holds"] in (True, False, None, "not resolved") for claim in claims)
    headline = json.loads((run.path / "results/headline.json").read_text())
    assert all(isinstance(value, float) for value in headline.values())


def test_figures_open_and_are_not_blank(run: Project) -> None:
    """A figure would be missing, or an empty canvas."""
    figures = sorted((run.path / "results/figures").glob("*.png"))
    assert {"figure1", "figure3", "figure4_plain", "figure4_composited", "figure5"} <= {path.stem for path in figures}
    for path in figures:
        assert np.asarray(Image.open(path).convert("L")).std() > 1, path.name


def test_training_moves_the_networks_it_should(run: Project, params: dict) -> None:
    """A schedule would train the wrong network, or none."""
    for name, plan in params["variants"].items():
        curve = pd.read_csv(run.path / f"results/curves/{name}.csv") if plan["schedule"] != "none" else None
        if curve is not None:
            both = {"reconstruction", "segmentation"}
            expected = {"reconstruction"} if plan["schedule"] == "reconstruction" else both
            assert set(curve["network"]) == expected
            assert np.isfinite(curve["loss"]).all()


def test_a_setting_is_tried_in_a_short_training(run: Project, tmp_path: Path) -> None:
    """`scripts/sensitivity.py` would end with "n/a" rows, as it did once stages looked at their fingerprints."""
    written = tmp_path / "tried.csv"
    run.run("python", "scripts/sensitivity.py", "--only", "area in R steps", "--out", str(written), PYTHONPATH="src")
    tried = pd.read_csv(written)
    assert len(tried) == 1 and "note" not in tried and np.isfinite(tried[["ar_f1_scarf", "now_median"]]).all(axis=None)


def test_readings_of_the_rmse_are_printed(run: Project) -> None:
    """The table that docs/metrics.md quotes could not be made again."""
    lines = run.run("python", "scripts/rmse_readings.py", "FOCUS", PYTHONPATH="src").stdout.splitlines()
    rows = [line for line in lines if line.startswith("| ") and "FOCUS" in line]
    assert len(rows) == 3 and all(np.isfinite(float(cell)) for row in rows for cell in row.split("|")[3:-1])


def test_no_cache_folder_or_machine_path_in_the_results(run: Project) -> None:
    """Results would differ between machines, or name one."""
    for path in (run.path / "results").rglob("*"):
        if path.suffix in {".csv", ".md", ".json", ".tex", ".txt"}:
            assert not re.search(re.escape(str(run.path)), path.read_text()), path
