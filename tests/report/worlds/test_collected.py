from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from focus.errors import FocusError
from focus.report.tables import build_tables
from focus.report.worlds.collected import METRICS, read_run, read_runs, write_run


def test_tables_of_a_run_read_back_are_the_same(make_run, tmp_path):
    """The committed runs would give other values than the runs themselves."""
    run = make_run(1, 2, base=10.1234)
    write_run(tmp_path, run)
    back = read_run(tmp_path / "world1-seed2.json")
    assert (back.run, back.note, dict(back.methods)) == (run.run, run.note, run.methods)
    for found, expected in zip(*(build_tables(each.results, each.methods, {}) for each in (back, run)), strict=True):
        assert found == expected
    for number, frame in build_tables(run.results, run.methods, {}).items():
        pd.testing.assert_frame_equal(build_tables(back.results, back.methods, {})[number], frame, rtol=1e-6)
    for method in run.methods:
        wanted = f"method == {method!r}"
        found, expected = (
            each.results.images.query(wanted).set_index(["testset", "image"])[list(METRICS)].sort_index()
            for each in (back, run)
        )
        pd.testing.assert_frame_equal(found, expected, rtol=1e-6, check_index_type=False)


def test_the_same_run_gives_the_same_bytes(make_run, tmp_path):
    """Git would show a change where there is none; and the order of the rows in images.csv must not matter."""
    run = make_run(0, 0)
    write_run(tmp_path / "a", run)
    shuffled = run.results.images.sample(frac=1, random_state=0)
    write_run(tmp_path / "b", replace(run, results=replace(run.results, images=shuffled)))
    for name in ("world0-seed0.csv", "world0-seed0.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_method_missing_in_one_run(make_run, tmp_path):
    """Its mean would be over other runs than those of its neighbours in the table."""
    whole, part = make_run(0, 0), make_run(0, 1)
    write_run(tmp_path, whole)
    fewer = {name: tables for name, tables in part.methods.items() if name != "FOCUS-MP"}
    write_run(tmp_path, replace(part, methods=fewer))
    with pytest.raises(
        FocusError, match="world0-seed1 has no FOCUS-MP, unlike world0-seed0; expected the same methods"
    ):
        read_runs(tmp_path)


def test_runs_of_two_profiles(make_run, tmp_path):
    """Smoke runs would be averaged with demo runs."""
    first, second = make_run(0, 0), make_run(1, 0)
    write_run(tmp_path, first)
    write_run(tmp_path, replace(second, note="run: profile smoke"))
    with pytest.raises(FocusError, match="world1-seed0 says 'run: profile smoke'; expected as in world0-seed0"):
        read_runs(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "world0-seed0.csv").unlink(), "world0-seed0.csv: no such file"),
        (lambda folder: (folder / "world0-seed0.csv").write_text("a,b\n"), "columns begin with a,b; expected testset"),
        (lambda folder: (folder / "world0-seed0.json").write_text("{}"), "found other keys, expected world, seed"),
        (lambda folder: (folder / "world0-seed0.json").unlink(), "found no run, expected some; make them with"),
    ],
)
def test_damaged_files_are_named(make_run, tmp_path, damage, message):
    """A reader would get a traceback in place of the file's name."""
    write_run(tmp_path, make_run(0, 0))
    damage(tmp_path)
    with pytest.raises(FocusError, match=message):
        read_runs(tmp_path)
