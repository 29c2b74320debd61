from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from focus.errors import FocusError
from focus.report.results import load_results, read_images
from focus.report.schemas import SCHEMAS, check
from focus.report.tables import read_paper_table


def broken(folder, change):
    frame = pd.read_csv(folder / "images.csv", dtype=str, keep_default_na=False)
    change(frame).to_csv(folder / "images.csv", index=False)
    with pytest.raises(FocusError) as caught:
        load_results([folder])
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def with_cell(column, value):
    def change(frame):
        frame.loc[0, column] = value
        return frame

    return change


@pytest.fixture
def folder(write_method, rows):
    return write_method("M", rows("AR", "scarf", "f1", [0.5, 0.6]) + rows("CelebA", "", "rmse", [3.0]))


def test_reads_what_evaluate_writes(folder):
    """images.csv loses its types, its empty cells or its rows outside the subsets on the way in."""
    frame = load_results([folder]).images
    assert frame["f1"].tolist()[:2] == [0.5, 0.6]
    assert math.isnan(frame["rmse"].iloc[0])
    assert frame["rmse"].iloc[2] == 3
    assert frame["occluder"].tolist() == ["none"] * 3
    assert (frame["source"] == "run").all()
    assert frame["occluder_fraction"].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.rename(columns={"rmse": "RMSE"}), "expected method,testset"),
        (lambda frame: frame.drop(columns="f1"), "expected method,testset"),
        (lambda frame: frame.assign(extra="1"), "expected method,testset"),
        (lambda frame: frame[frame.columns[::-1]], "expected method,testset"),
        (with_cell("f1", "1.2"), "column f1 holds '1.2'"),
        (with_cell("rmse", "abc"), "column rmse holds 'abc'; expected a number"),
        (with_cell("rmse", "inf"), "column rmse holds 'inf'"),
        (with_cell("rmse", "-1"), "column rmse holds '-1.0'"),
        (with_cell("points", "2.5"), "expected a whole number"),
        (with_cell("testset", "Celeb"), "column testset holds 'Celeb'"),
        (with_cell("subset", "hat"), "expected a subset of its testset"),
        (with_cell("image", "scarf-1"), "no two rows for the same images"),
        (with_cell("method", "N"), "expected one a folder"),
    ],
)
def test_bad_images_csv_gets_its_line(folder, change, message):
    """A wrong images.csv goes into the tables, or ends in a traceback."""
    assert message in broken(folder, change)


@pytest.mark.parametrize("content", [b"", b'a,b\n1,2,3\n"', b"\xff\xfe\x00"])
def test_unreadable_images_csv(folder, content):
    """A truncated or binary file ends in a traceback."""
    (folder / "images.csv").write_bytes(content)
    with pytest.raises(FocusError, match="not a readable CSV"):
        read_images(folder / "images.csv")


def test_missing_files(folder, write_method, rows):
    """A missing result goes unnoticed."""
    with pytest.raises(FocusError, match=r"nowhere/images.csv: no such file"):
        load_results([folder / "nowhere"])
    now = write_method("N", rows("NoW", "none", "now_median", [1.0]))
    with pytest.raises(FocusError, match=r"pooled.json: no such file"):
        load_results([now])
    with pytest.raises(FocusError, match="no folder was given"):
        load_results([])


@pytest.mark.parametrize(
    ("pooled", "message"),
    [
        ({}, "NoW.all is missing"),
        ({"all": {"median": 1.0}}, "expected median, mean, std, images"),
        ({"all": {"median": "1", "mean": 1, "std": 1, "images": 1}}, "NoW.all.median: found '1'"),
        ({"all": {"median": -1, "mean": 1, "std": 1, "images": 1}}, "NoW.all.median: found -1"),
    ],
)
def test_bad_pooled_json(write_method, rows, pooled, message):
    """A wrong pooled.json goes into Tables 2, 3, 5."""
    folder = write_method("N", rows("NoW", "none", "now_median", [1.0]), pooled)
    with pytest.raises(FocusError, match=message):
        load_results([folder])
    (folder / "pooled.json").write_text(json.dumps([1]))
    with pytest.raises(FocusError, match="found list"):
        load_results([folder])


def test_same_method_twice(folder, write_method, rows):
    """Two folders of one method are averaged silently; the same name as run and external is no clash."""
    other = write_method("M", rows("AR", "scarf", "f1", [0.5]), folder="other")
    with pytest.raises(FocusError, match="already in"):
        load_results([folder, other])
    assert load_results([folder], [other]).methods("external") == ["M"]


@pytest.mark.parametrize("number", SCHEMAS)
def test_table_schemas_refuse(number):
    """A table with a column too many, too few or of another type is written all the same."""
    good = read_paper_table(number)
    check(good, SCHEMAS[number], "t")
    for bad in (
        good.assign(extra=1),
        good.drop(columns="images"),
        good.assign(source="paperr"),
        good.assign(images=good["images"].astype(float)),
        pd.concat([good, good.head(1)]),
        good.rename(columns={"method": "Method"}),
    ):
        with pytest.raises(FocusError, match=r"^t: "):
            check(bad, SCHEMAS[number], "t")
