"""
From a dataset to the forms in which others read it.

config    exports.<form>
requires  results/plans/{dataset}.json, results/{dataset}
creates   results/exports/{dataset}/{webdataset,labels,dfd,parquet}
"""


rule export:
    """Write a dataset's images in another form; nothing but the dataset's own folder is read."""
    input:
        kept=lambda w: plan(w.dataset).kept,  # without it every export is made anew whenever the plan is
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
        mem_mb=growing(2000),  # 337 MB for 5,000 images
        runtime=growing(120),
    params:
        code=code("export.py"),
        cfg=lambda w: as_param(config["exports"].get(w.form, {})),
    shell:
        "python scripts/export.py"
        " --dataset {input.dataset:q}"
        " --form {wildcards.form:q}"
        " --config {params.cfg:q}"
        " --output {output.folder:q}"
        " 2> {log:q}"
