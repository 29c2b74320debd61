"""The whole pipeline on files that a user gives, one of them missing: only what depends on it is left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import torch
import yaml
from safetensors.torch import load_file

from projects import Project


def give_assets(project: Project, folder: Path) -> None:
    """Copy the embedded files to `folder` as if they were licensed ones, and name all but AR in the profile."""
    shutil.copytree(project.path / "data/raw", folder / "raw")
    shutil.copy(project.path / "data/face_model/model.h5", folder / "model2017-1_bfm_nomouth.h5")
    recogniser = load_file(project.path / "models/recogniser/recogniser.safetensors")
    backbone = {key.removeprefix("recogniser."): value for key, value in recogniser.items()}
    with (folder / "backbone.pth").open("wb") as stream:
        torch.save(backbone, stream)
    path = project.path / "profiles/smoke.yaml"
    profile = yaml.safe_load(path.read_text())
    profile["emulate"] = False
    profile["assets"] |= {
        "bfm": str(folder / "model2017-1_bfm_nomouth.h5"),
        "celeba_hq": str(folder / "raw/celeba_hq"),
        "now": str(folder / "raw/now"),
        "arcface": str(folder / "backbone.pth"),
    }
    path.write_text(yaml.safe_dump(profile, sort_keys=False))
    project.edit("params.yaml", r"^remote: \w+", "remote: private")


def test_a_missing_ar_set_leaves_out_its_rows_alone(smoke, copy, tmp_path):
    """One missing licensed set would block the others' tables, or its rows would vanish without a word."""
    project, before = copy(smoke), smoke.contents("results/tables")
    folder = tmp_path / "licensed"
    folder.mkdir()
    give_assets(project, folder)
    project.snakemake("--cores", "2")
    table4 = (project.path / "results/tables/table4.md").read_text()
    assert "n/a: AR masks missing" in table4 and "n/a" not in before["results/tables/table4.md"].decode()
    rows = pd.read_csv(project.path / "results/tables/table1.csv").query("source == 'run'").set_index("testset")
    assert rows.loc[rows.index.str.startswith("CelebA"), "rmse_mean"].notna().all()
    assert rows.loc[rows.index.str.startswith("AR"), "rmse_mean"].isna().all()
    now = pd.read_csv(project.path / "results/tables/table3.csv").query("source == 'run'")
    assert now["median_mm"].notna().all()
    assert "licensed assets: bfm, celeba_hq, now, arcface" in table4
    log = (project.path / "logs/landmarks/ar.log").read_text()
    assert "assets.ar" in log and "http" in log
    faces = project.run("git", "status", "--short", "--untracked-files=all", "results/figures").stdout
    assert "figures/faces" not in faces
    assert project.is_up_to_date()
