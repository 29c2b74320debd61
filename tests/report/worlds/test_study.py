from focus.report.worlds.study import METHODS, Run, planned, reduced
from focus.settings import read_params
from projects import ROOT


def test_order_of_the_runs():
    """A study stopped early would have seen one world only."""
    pairs = [(run.world, run.seed) for run in planned(3, 3)]
    assert pairs == [(0, 0), (1, 0), (2, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert planned(1, 1) == [Run(0, 0)] and Run(2, 1).name == "world2-seed1"


def test_the_studys_methods_exist():
    """A renamed variant would silently drop out of the study."""
    params = reduced(read_params(ROOT))
    assert [*params.variants, *params.corrected] == list(METHODS) and params.instance_wise == {}
