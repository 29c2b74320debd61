# Every trained network. Checkpoints lie in .checkpoints/, outside the outputs, as both engines delete outputs before a run.


rule recogniser:
    input:
        needs("recogniser"),
    output:
        directory("models/recogniser"),
        "results/curves/recogniser.csv",
    log:
        "logs/recogniser.log",
    benchmark:
        "logs/benchmarks/recogniser.tsv"
    priority: 80
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        **dvc_stage("recogniser"),
    shell:
        DVC_REPRO


rule initialise:
    input:
        needs("initialise"),
    output:
        directory("models/initialise"),
        "results/curves/initialise.csv",
    log:
        "logs/initialise.log",
    benchmark:
        "logs/benchmarks/initialise.tsv"
    priority: 75
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=2880,
    params:
        **dvc_stage("initialise"),
    shell:
        DVC_REPRO


rule pretrain:
    input:
        needs("pretrain"),
    output:
        directory("models/pretrain"),
        "results/curves/pretrain.csv",
    log:
        "logs/pretrain.log",
    benchmark:
        "logs/benchmarks/pretrain.tsv"
    priority: 70
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=1440,
    params:
        **dvc_stage("pretrain"),
    shell:
        DVC_REPRO


rule train:
    input:
        needs("train@{variant}"),
    output:
        directory("models/{variant}"),
        "results/curves/{variant}.csv",
    log:
        "logs/train/{variant}.log",
    benchmark:
        "logs/benchmarks/train/{variant}.tsv"
    wildcard_constraints:
        variant=members("train"),
    priority: 50
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5760,
    params:
        **dvc_stage("train@{variant}"),
    shell:
        DVC_REPRO


rule r_syn:
    input:
        needs("r_syn@{kind}"),
    output:
        directory("models/r_syn/{kind}"),
        "results/curves/r_syn_{kind}.csv",
    log:
        "logs/r_syn/{kind}.log",
    benchmark:
        "logs/benchmarks/r_syn/{kind}.tsv"
    wildcard_constraints:
        kind=members("r_syn"),
    priority: 55
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=1440,
    params:
        **dvc_stage("r_syn@{kind}"),
    shell:
        DVC_REPRO


rule misfit_prior:
    input:
        needs("misfit_prior@{kind}"),
    output:
        directory("models/misfit_prior/{kind}"),
    log:
        "logs/misfit_prior/{kind}.log",
    benchmark:
        "logs/benchmarks/misfit_prior/{kind}.tsv"
    wildcard_constraints:
        kind=members("misfit_prior"),
    priority: 50
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        **dvc_stage("misfit_prior@{kind}"),
    shell:
        DVC_REPRO
