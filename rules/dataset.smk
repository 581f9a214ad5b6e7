"""
From tables of images to a dataset.

config    datasets.<dataset>, seed
requires  results/index/{corpus}/videos.csv, results/{faces,frames}/{corpus}/{shard}.csv and .tar
creates   results/plans/{dataset}.csv, what becomes of every image and why; .json, what is kept;
          .attrition.csv, how much was lost at which step
          results/{dataset}/{train,val,test}/{real,fake}/*.jpg with metadata.csv, README.md, SHA256SUMS
"""


checkpoint plan:
    """Decide from the tables alone which image goes to which split, and why each other one is left out."""
    input:
        videos=video_tables,
        images=lambda w: image_files(w, "csv"),
    output:
        table="results/plans/{dataset}.csv",
        kept="results/plans/{dataset}.json",
        attrition="results/plans/{dataset}.attrition.csv",
    log:
        "logs/plan/{dataset}.log",
    benchmark:
        "benchmarks/plan/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    params:
        code=code("plan.py"),
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
    shell:
        "python scripts/plan.py"
        " --results results"
        " --config {params.cfg:q}"
        " --output {output.table:q}"
        " --output-kept {output.kept:q}"
        " --output-attrition {output.attrition:q}"
        " 2> {log:q}"


rule dataset:
    """Write the planned images out as folders, with metadata, checksums, a card and a contact sheet."""
    input:
        plan=lambda w: ancient(plan(w).table),
        kept=lambda w: plan(w).kept,
        tars=image_tars,
    output:
        folder=directory("results/{dataset}"),
    log:
        "logs/dataset/{dataset}.log",
    benchmark:
        "benchmarks/dataset/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    params:
        code=code("dataset.py"),
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
    shell:
        "python scripts/dataset.py"
        " --plan {input.plan:q}"
        " --results results"
        " --config {params.cfg:q}"
        " --output {output.folder:q}"
        " 2> {log:q}"
