# One rule per entry of dvc.yaml; its jobs are the entry's stages, e.g. train@FOCUS by the wildcard `key`.
for entry, outs in dvc_dag.entries().items():

    rule:
        name:
            RENAMED.get(entry, entry)
        input:
            needs(job_name(entry)),
        output:
            [declared(out) for out in outs],
        log:
            f"logs/{files(entry)}.log",
        benchmark:
            f"logs/benchmarks/{files(entry)}.tsv"
        wildcard_constraints:
            key=members(entry),
        priority: RESOURCES[entry]["priority"]
        conda:
            "../envs/focus.yaml"
        threads: RESOURCES[entry].get("threads", 1)
        resources:
            **takes(entry),
        params:
            **dvc_stage(job_name(entry)),
        shell:
            DVC_REPRO
