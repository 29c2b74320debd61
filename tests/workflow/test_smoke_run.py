"""The whole paper on the smoke profile: what one command leaves behind."""

import json

import dvc_dag
import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.xdist_group("smoke")  # one worker runs the pipeline, once

COLUMNS = {
    1: "method,testset,rmse_mean,rmse_std,images,source",
    2: "method,split,median_mm,mean_mm,std_mm,images,source",
    3: "method,subset,median_mm,mean_mm,std_mm,images,source",
    4: "method,subset,acc,ppv,tpr,f1_mean,f1_std,images,source",
    5: "method,subset,acc,ppv,tpr,f1_mean,f1_std,now_median_mm,now_mean_mm,now_std_mm,images,source",
}


@pytest.fixture(scope="module")
def tables(smoke) -> dict[int, pd.DataFrame]:
    return {number: pd.read_csv(smoke.path / f"results/tables/table{number}.csv") for number in COLUMNS}


@pytest.fixture(scope="module")
def variants(smoke) -> dict[str, dict]:
    params = yaml.safe_load((smoke.path / "params.yaml").read_text())
    return params["variants"] | params["corrected"]


def test_every_output_is_there_and_up_to_date(smoke):
    """A stage would leave out what dvc.yaml promises."""
    missing = [
        out for stage in dvc_dag.load(smoke.path).values() for out in stage.outs if not (smoke.path / out).exists()
    ]
    assert missing == []
    assert smoke.is_up_to_date()


@pytest.mark.parametrize("number", COLUMNS)
def test_table_has_the_agreed_columns(smoke, number):
    """Other programs could not read the tables."""
    first = (smoke.path / f"results/tables/table{number}.csv").read_text().splitlines()[0]
    assert first == COLUMNS[number]


@pytest.mark.parametrize("number", COLUMNS)
def test_every_trained_method_has_its_run_row(tables, variants, number):
    """A method would be missing from its table, or stand there without figures."""
    run = tables[number][tables[number].source == "run"]
    expected = {name for name, variant in variants.items() if number in variant["tables"]}
    assert expected <= set(run.method)
    figure = {1: "rmse_mean", 2: "median_mm", 3: "median_mm", 4: "f1_mean"}.get(number)
    if figure:
        assert run[figure].notna().all() and (run.images > 0).all()
    else:
        assert run[["f1_mean", "now_median_mm"]].notna().any(axis=1).all()


@pytest.mark.parametrize("number", COLUMNS)
def test_every_row_says_where_it_comes_from(tables, number):
    """An embedded run would pass for the paper's result."""
    assert set(tables[number].source) <= {"run", "paper", "external"}
    assert {"run", "paper"} <= set(tables[number].source)


@pytest.mark.parametrize("number", COLUMNS)
@pytest.mark.parametrize("kind", ["md", "tex"])
def test_printed_tables_name_their_data(smoke, number, kind):
    """As above, for the tables that people read."""
    text = (smoke.path / f"results/tables/table{number}.{kind}").read_text()
    assert "smoke" in text and "FOCUS" in text


def test_headline_and_claims_are_filled(smoke):
    """`dvc exp show` would have nothing to show."""
    headline = json.loads((smoke.path / "results/headline.json").read_text())
    claims = json.loads((smoke.path / "results/claims.json").read_text())
    assert headline and claims


def test_figures_are_pictures(smoke):
    """A figure would be empty."""
    pictures = list((smoke.path / "results/figures").rglob("*.png"))
    assert len(pictures) >= 3 and all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_raw_data_is_under_four_thousand_files(smoke):
    """DVC's time grows with every file."""
    assert sum(path.is_file() for path in (smoke.path / "data/raw").rglob("*")) < 4000


def test_results_hold_no_place_or_time_of_this_machine(smoke):
    """Results would differ from machine to machine."""
    for name, content in smoke.contents("results").items():
        assert str(smoke.path).encode() not in content, name


def test_summary_says_where_the_results_are(smoke):
    """The end of `make reproduce` would leave a person searching."""
    printed = smoke.run("python", "-m", "focus.cli", "summary", PYTHONPATH="src").stdout
    for place in ("results/tables", "results/figures", "train/FOCUS"):
        assert place in printed
