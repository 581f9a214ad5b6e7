"""
Whether what lies in results/ still is what was written.

requires  nothing: what lies in results/{frames,faces} and results/{dataset} is read, and nothing made for it
creates   nothing, not even a benchmark, which Snakemake takes for an output: it runs whenever it is asked for
"""


rule verify:
    """Read every frame, crop and dataset file anew, and fail where one is not what was written."""
    log:
        "logs/verify.log",
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 8
    resources:
        mem_mb=growing(4000),  # 150 MB a process, and the table of the largest dataset
        runtime=growing(1440),
    params:
        code=code("verify.py"),
        results="results",
        storage=workflow.storage_settings.default_storage_provider or [],
    shell:
        "python scripts/verify.py"
        " --results {params.results:q}"
        " --workers {threads}"
        " --storage {params.storage:q}"
        " 2> {log:q}"
