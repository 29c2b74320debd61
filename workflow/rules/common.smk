# Shared by the other files: inputs are looked up in dvc.yaml, and a job is one DVC stage.
import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(workflow.basedir)), str(Path(workflow.basedir).parent / "src")]
import dvc_dag
import one_run
import yaml

dvc_dag.use_this_environment()
if workflow.is_main_process:
    from check_settings import check_settings

    check_settings()
STAGES = dvc_dag.load()
if workflow.is_main_process:
    if not workflow.output_settings.dryrun:
        HELD = one_run.hold()  # until this process ends
        dvc_dag.restore_missing()
    dvc_dag.fingerprint_code()
    dvc_dag.sync_mtimes(STAGES)

# `dvc repro --single-item`: runs the stage or restores it from the cache, and records it in dvc.lock.
DVC_REPRO = "dvc --wait-for-lock repro --single-item {params.stage:q} > {log:q} 2>&1"
RESOURCES = yaml.safe_load(Path(workflow.basedir, "resources.yaml").read_text())
ON_A_CLUSTER = bool(config.get("cluster"))
RENAMED = {"report": "report_page"}  # `report` is a word of Snakemake's
# What `snakemake --report` shows.
SHOWN = {
    "results/misfit": ("Figures", "figure", {"patterns": ["{name}.png"], "labels": {"figure": "misfit of {name}"}}),
    "results/tables": ("Tables", "table", {"patterns": ["table{number}.csv"], "labels": {"table": "{number}"}}),
    "results/figures": ("Figures", "figure", {"patterns": ["{name}.png"], "labels": {"figure": "{name}"}}),
    "results/claims.md": ("Claims", "claims", {}),
    "results/headline.json": ("Claims", "headline", {}),
    "results/demo_model.json": ("Model", None, {}),
}


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


def job_name(entry):
    """Return the pattern of an entry's stages: "train@{key}"; the entry's own name where it is one stage."""
    return entry if entry in STAGES else f"{entry}@{{key}}"


def files(entry):
    """Return where the jobs of an entry keep their notes below logs/."""
    return job_name(entry).replace("@", "/")


def declared(out):
    """Return an output as Snakemake wants it said: a folder as one, and with its place in the report."""
    marked = out if Path(out).suffix else directory(out)
    if out not in SHOWN:
        return marked
    category, caption, options = SHOWN[out]
    text = {"caption": f"../report/{caption}.rst"} if caption else {}
    return report(marked, category=category, **text, **options)


def takes(entry):
    """Return a rule's resources: those of a cluster where it runs on one."""
    plan = RESOURCES[entry]
    own = {key: plan[key] for key in ("mem_mb", "runtime")}
    return {**own, **plan.get("cluster", {})} if ON_A_CLUSTER else own
