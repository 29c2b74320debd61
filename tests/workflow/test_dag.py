"""Every DVC stage is exactly one Snakemake job, with the same outs, inputs and upstream stages."""

import json
import os
from pathlib import Path

import pytest

import dvc_dag
import snakemake_jobs


@pytest.fixture(scope="module")
def jobs(fresh):
    return json.loads(fresh.run("python", os.fspath(Path(snakemake_jobs.__file__))).stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def stages(fresh):
    return dvc_dag.load(fresh.path)


def test_same_stages(jobs, stages):
    """One engine would skip a part of the paper."""
    assert sorted(jobs) == sorted(stages)


def test_same_outs_and_inputs(jobs, stages):
    """Snakemake would look for files that the stage does not write, or start it too early."""
    assert {name: job["outs"] for name, job in jobs.items()} == {name: sorted(s.outs) for name, s in stages.items()}
    assert {name: job["inputs"] for name, job in jobs.items()} == {name: sorted(s.inputs) for name, s in stages.items()}


def test_same_edges(jobs, stages):
    """The two engines would run in different orders."""
    maker = dvc_dag.makers(stages)
    edges = {name: sorted(dvc_dag.upstream(stage, maker)) for name, stage in stages.items()}
    assert {name: job["upstream"] for name, job in jobs.items()} == edges


def test_every_job_declares_what_it_takes(jobs):
    """A cluster would give a job too little memory or time, and a failure would have no log."""
    assert all(job["threads"] == 1 and job["declared"] == ["mem_mb", "runtime"] for job in jobs.values())
    assert (
        len({job["log"][0] for job in jobs.values()}) == len({job["benchmark"] for job in jobs.values()}) == len(jobs)
    )
    assert all(
        job["log"][0].startswith("logs/") and job["benchmark"].startswith("logs/benchmarks/") for job in jobs.values()
    )
