# Shared by the other files: inputs are looked up in dvc.yaml, and a job is one DVC stage.
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir)))
import dvc_dag
import one_run
from check_settings import check_settings

dvc_dag.use_this_environment()
if workflow.is_main_process:
    check_settings()
STAGES = dvc_dag.load()
if workflow.is_main_process:
    if not workflow.output_settings.dryrun:
        HELD = one_run.hold()  # until this process ends
        dvc_dag.restore_missing()
    dvc_dag.sync_mtimes(STAGES)

# `dvc repro --single-item`: runs the stage or restores it from the cache, and records it in dvc.lock.
DVC_REPRO = "python workflow/run_stage.py {params.stage:q} > {log:q} 2>&1"


def needs(pattern):
    """Return an input function: the inputs of the stage that `pattern`, filled with the wildcards, names."""
    return lambda wildcards: list(STAGES[pattern.format(**wildcards)].inputs)


def dvc_stage(pattern):
    """Return a rule's params: the stage's name, and its command for the report."""
    return {
        "stage": pattern,
        "command": lambda wildcards: STAGES[pattern.format(**wildcards)].cmd,
    }


def members(group):
    """Return a wildcard constraint: the keys of a group of stages, e.g. the variants of `train`."""
    keys = [name.removeprefix(f"{group}@") for name in STAGES if name.startswith(f"{group}@")]
    return "|".join(map(re.escape, keys)) or "(?!)"
