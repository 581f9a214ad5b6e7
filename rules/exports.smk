"""
From a dataset to the formats that other programs read.

config    exports.<form>
requires  results/plans/{dataset}.json, results/{dataset}
creates   results/exports/{dataset}/{webdataset,labels,dfd,parquet,deepfakebench}
"""


rule export:
    """Write a dataset in another format; only the dataset's own folder is read."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,  # without it every new plan would export again
        dataset="results/{dataset}",
    output:
        folder=directory("results/exports/{dataset}/{form}"),
    log:
        "logs/export/{dataset}/{form}.log",
    benchmark:
        "benchmarks/export/{dataset}/{form}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),  # 337 MB for 5,000 images
        runtime=per_attempt(120),
    params:
        program=program("export.py"),
        code=script_digest("export.py"),
        cfg=lambda w: as_param(config["exports"].get(w.form, {})),
    shell:
        "python {params.program:q}"
        " --dataset {input.dataset:q}"
        " --form {wildcards.form:q}"
        " --config {params.cfg:q}"
        " --output {output.folder:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
