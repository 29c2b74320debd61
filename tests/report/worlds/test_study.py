import pytest

from focus.errors import FocusError
from focus.report.worlds.study import Run, planned, reduced
from focus.settings import read_params
from projects import ROOT


def test_order_of_the_runs():
    """A study stopped early would have seen one world only."""
    pairs = [(run.world, run.seed) for run in planned([0, 1, 2], 3)]
    assert pairs == [(0, 0), (1, 0), (2, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert planned([0], 1) == [Run(0, 0)] and Run(2, 1).name == "world2-seed1"


def test_a_run_has_the_studys_methods_and_the_references():
    """A run would take the time of all variants, or its values of shape have nothing to be read against."""
    params = read_params(ROOT)
    run = reduced(params)
    assert [*run.variants, *run.corrected] == params.study and len(run.variants) < len(params.variants)
    assert run.instance_wise == run.constant_masks == {} and run.references == params.references


def test_an_unknown_method_is_refused():
    """A renamed variant would silently drop out of the study."""
    with pytest.raises(FocusError, match="study: found 'FOCVS', expected one of MoFA"):
        reduced(read_params(ROOT).model_copy(update={"study": ["FOCUS", "FOCVS"]}))
