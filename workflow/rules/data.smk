# The face model, the data sets and the landmarks: everything before the networks of the paper.
# Priorities run the longest chain first: data, landmarks, recogniser, initialisation, then the variants side by side.


rule face_model:
    input:
        needs("face_model"),
    output:
        directory("data/face_model"),
    log:
        "logs/face_model.log",
    benchmark:
        "logs/benchmarks/face_model.tsv"
    priority: 100
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        **dvc_stage("face_model"),
    shell:
        DVC_REPRO


rule datasets:
    input:
        needs("datasets@{dataset}"),
    output:
        directory("data/raw/{dataset}"),
    log:
        "logs/datasets/{dataset}.log",
    benchmark:
        "logs/benchmarks/datasets/{dataset}.tsv"
    wildcard_constraints:
        dataset=members("datasets"),
    priority: 90
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        **dvc_stage("datasets@{dataset}"),
    shell:
        DVC_REPRO


rule detector:
    input:
        needs("detector"),
    output:
        directory("models/detector"),
    log:
        "logs/detector.log",
    benchmark:
        "logs/benchmarks/detector.tsv"
    priority: 85
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        **dvc_stage("detector"),
    shell:
        DVC_REPRO


rule landmarks:
    input:
        needs("landmarks@{split}"),
    output:
        directory("data/packed/{split}"),
        "results/landmarks/{split}.json",
    log:
        "logs/landmarks/{split}.log",
    benchmark:
        "logs/benchmarks/landmarks/{split}.tsv"
    wildcard_constraints:
        split=members("landmarks"),
    priority: 80
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=120,
    params:
        **dvc_stage("landmarks@{split}"),
    shell:
        DVC_REPRO


rule subsets:
    input:
        needs("subsets"),
    output:
        directory("results/lists"),
    log:
        "logs/subsets.log",
    benchmark:
        "logs/benchmarks/subsets.tsv"
    priority: 30
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        **dvc_stage("subsets"),
    shell:
        DVC_REPRO


rule synthetic_faces:
    input:
        needs("synthetic_faces@{kind}"),
    output:
        directory("data/synthetic/{kind}"),
    log:
        "logs/synthetic_faces/{kind}.log",
    benchmark:
        "logs/benchmarks/synthetic_faces/{kind}.tsv"
    wildcard_constraints:
        kind=members("synthetic_faces"),
    priority: 60
    conda:
        "../envs/focus.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=120,
    params:
        **dvc_stage("synthetic_faces@{kind}"),
    shell:
        DVC_REPRO
