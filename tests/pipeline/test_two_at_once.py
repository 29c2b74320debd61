"""Two runs started at once in one folder: the result is whole, and a run that cannot go on says why in one line."""

import subprocess

import pytest

from projects import TO_THE_RECOGNISER

LIMIT_S = 300
REFUSALS = ("another run is at work in this folder", "is busy, it is being blocked by", "Unable to acquire lock")


@pytest.mark.parametrize("engines", [("dvc", "snakemake"), ("snakemake", "snakemake")], ids="-".join)
def test_one_goes_on_and_the_other_stops(undisturbed, untrained, engines):
    """Snakemake deletes a job's outs first: a second run would take away or cut short what the first one made."""
    running = [untrained.start(*TO_THE_RECOGNISER[engine], output=subprocess.PIPE) for engine in engines]
    said = [process.communicate(timeout=LIMIT_S)[0] for process in running]
    ended = [process.returncode for process in running]
    assert 0 in ended, said
    refusals = REFUSALS if "dvc" in engines else REFUSALS[:1]
    for status, text in zip(ended, said, strict=True):
        lines = [line for line in text.splitlines() if any(refusal in line for refusal in refusals)]
        assert status == 0 or (len(lines) == 1 and 'File "' not in text), text
    for command in (None, *TO_THE_RECOGNISER.values()):  # as they left it; and both can go on from there
        if command:
            untrained.run(*command)
        assert untrained.contents("models/recogniser") == undisturbed.contents("models/recogniser") != {}
    assert untrained.contents(".checkpoints") == {}
    assert untrained.dvc("status", "recogniser").strip() == "Data and pipelines are up to date."
