"""Print, as JSON, every job that Snakemake would run for the whole workflow of the current folder."""

import json
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
    StorageSettings,
    WorkflowSettings,
)


def jobs() -> dict[str, dict[str, object]]:
    """Return the outputs, inputs, upstream stages, log and resources of each stage's job."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        handle = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(),
            storage_settings=StorageSettings(),
            workflow_settings=WorkflowSettings(),
            snakefile=Path("workflow/Snakefile"),
        )
        handle.dag(dag_settings=DAGSettings(forceall=True))
        workflow = handle._workflow
        workflow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True)
        workflow._build_dag()
        return {
            job.params.stage: {
                "outs": sorted(map(str, job.output)),
                "inputs": sorted(map(str, job.input)),
                "upstream": sorted(other.params.stage for other in workflow.dag.dependencies[job]),
                "log": list(map(str, job.log)),
                "benchmark": str(job.benchmark),
                "threads": job.threads,
                "declared": sorted(set(job.rule.resources) & {"mem_mb", "runtime"}),
            }
            for job in workflow.dag.jobs
            if job.rule.name != "all"
        }


if __name__ == "__main__":
    print(json.dumps(jobs()))
