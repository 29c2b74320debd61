"""scripts/experiments.py: what is kept of `dvc exp show --csv`."""

import pytest

from experiments import tidy

HEAD = (
    "Experiment,rev,typ,Created,parent,State,Executor,ar_f1_unoccluded,ar_f1_glasses,ar_f1_scarf,now_median,"
    "profile,ablation.variant,losses.area,src/focus/errors.py,profiles/demo.yaml:em.rounds\n"
)
BASE = ",workspace,baseline,,,,,0.9,0.8,0.7,1.1,demo,FOCUS,0.5,abc,2\n"
BASE += ",main,baseline,2026,,,,0.9,0.8,0.7,1.1,demo,FOCUS,0.5,abc,2\n"
ONE = "gauzy-axon,1ab,branch_commit,2026,,Success,,0.9,0.8,0.7,1.1,demo,FOCUS,0.5,abc,2\n"
TWO = "armed-pyre,2cd,branch_base,2026,,Success,,0.6,0.5,0.4,1.2,demo,Baseline,0.7,def,2\n"
FAILED = "tidal-mule,3ef,branch_base,2026,,Failed,,,,,,demo,MoFA,0.5,abc,2\n"


def test_one_row_an_experiment_without_names_dates_and_hashes():
    """The committed file would change at every run, or hide which parameter was varied."""
    found = tidy(HEAD + BASE + ONE + TWO + FAILED)
    assert list(found.columns) == [
        "variant",
        "losses.area",
        "ar_f1_unoccluded",
        "ar_f1_glasses",
        "ar_f1_scarf",
        "now_median",
    ]
    assert found.variant.tolist() == ["Baseline", "FOCUS"] and found.now_median.tolist() == ["1.2", "1.1"]
    assert tidy(HEAD + BASE + TWO + ONE).equals(found), "the order of the runs must not matter"


@pytest.mark.parametrize("shown", [HEAD + BASE, HEAD + BASE + FAILED, "Experiment,rev\n"])
def test_without_a_finished_experiment_one_line(shown):
    """An empty file would be committed as the ablations' result."""
    with pytest.raises(SystemExit, match="dvc exp show: found no"):
        tidy(shown)
