# Measurements, tables, figures and claims.


rule evaluate:
    input:
        needs("evaluate@{variant}"),
    output:
        directory("data/evaluation/{variant}"),
        directory("results/metrics/{variant}"),
    log:
        "logs/evaluate/{variant}.log",
    benchmark:
        "logs/benchmarks/evaluate/{variant}.tsv"
    wildcard_constraints:
        variant=members("evaluate"),
    priority: 40
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        **dvc_stage("evaluate@{variant}"),
    shell:
        DVC_REPRO


rule instance_fit:
    input:
        needs("instance_fit@{method}"),
    output:
        directory("data/evaluation/{method}"),
        directory("results/metrics/{method}"),
    log:
        "logs/instance_fit/{method}.log",
    benchmark:
        "logs/benchmarks/instance_fit/{method}.tsv"
    wildcard_constraints:
        method=members("instance_fit"),
    priority: 40
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=1440,
    params:
        **dvc_stage("instance_fit@{method}"),
    shell:
        DVC_REPRO


rule correct:
    input:
        needs("correct@{variant}"),
    output:
        directory("results/metrics/{variant}"),
    log:
        "logs/correct/{variant}.log",
    benchmark:
        "logs/benchmarks/correct/{variant}.tsv"
    wildcard_constraints:
        variant=members("correct"),
    priority: 30
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        **dvc_stage("correct@{variant}"),
    shell:
        DVC_REPRO


rule constant_mask:
    input:
        needs("constant_mask@{method}"),
    output:
        directory("results/metrics/{method}"),
    log:
        "logs/constant_mask/{method}.log",
    benchmark:
        "logs/benchmarks/constant_mask/{method}.tsv"
    wildcard_constraints:
        method=members("constant_mask"),
    priority: 30
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        **dvc_stage("constant_mask@{method}"),
    shell:
        DVC_REPRO


rule reference:
    input:
        needs("reference@{method}"),
    output:
        directory("results/metrics/{method}"),
    log:
        "logs/reference/{method}.log",
    benchmark:
        "logs/benchmarks/reference/{method}.tsv"
    wildcard_constraints:
        method=members("reference"),
    priority: 40
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=1440,
    params:
        **dvc_stage("reference@{method}"),
    shell:
        DVC_REPRO


rule external:
    input:
        needs("external"),
    output:
        directory("results/external"),
    log:
        "logs/external.log",
    benchmark:
        "logs/benchmarks/external.tsv"
    priority: 30
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=240,
    params:
        **dvc_stage("external"),
    shell:
        DVC_REPRO


rule misfit:
    input:
        needs("misfit"),
    output:
        report(
            directory("results/misfit"),
            patterns=["{name}.png"],
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "misfit of {name}"},
        ),
    log:
        "logs/misfit.log",
    benchmark:
        "logs/benchmarks/misfit.tsv"
    priority: 25
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        **dvc_stage("misfit"),
    shell:
        DVC_REPRO


rule tables:
    input:
        needs("tables"),
    output:
        report(
            directory("results/tables"),
            patterns=["table{number}.csv"],
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{number}"},
        ),
    log:
        "logs/tables.log",
    benchmark:
        "logs/benchmarks/tables.tsv"
    priority: 20
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **dvc_stage("tables"),
    shell:
        DVC_REPRO


rule figures:
    input:
        needs("figures"),
    output:
        report(
            directory("results/figures"),
            patterns=["{name}.png"],
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{name}"},
        ),
    log:
        "logs/figures.log",
    benchmark:
        "logs/benchmarks/figures.tsv"
    priority: 25
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        **dvc_stage("figures"),
    shell:
        DVC_REPRO


rule claims:
    input:
        needs("claims"),
    output:
        "results/claims.json",
        report("results/claims.md", caption="../report/claims.rst", category="Claims"),
    log:
        "logs/claims.log",
    benchmark:
        "logs/benchmarks/claims.tsv"
    priority: 10
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **dvc_stage("claims"),
    shell:
        DVC_REPRO


rule headline:
    input:
        needs("headline"),
    output:
        report("results/headline.json", caption="../report/headline.rst", category="Claims"),
    log:
        "logs/headline.log",
    benchmark:
        "logs/benchmarks/headline.tsv"
    priority: 10
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **dvc_stage("headline"),
    shell:
        DVC_REPRO


rule report_page:
    input:
        needs("report"),
    output:
        "results/report.html",
    log:
        "logs/report.log",
    benchmark:
        "logs/benchmarks/report.tsv"
    priority: 5
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        **dvc_stage("report"),
    shell:
        DVC_REPRO


rule demo_model:
    input:
        needs("demo_model"),
    output:
        "models/demo/model.safetensors",
        report("results/demo_model.json", category="Model"),
    log:
        "logs/demo_model.log",
    benchmark:
        "logs/benchmarks/demo_model.tsv"
    priority: 45
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        **dvc_stage("demo_model"),
    shell:
        DVC_REPRO
