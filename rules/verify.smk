"""
Whether the files in results/ are still what was written.

requires  nothing: what exists of results/{frames,faces} and results/{dataset} is read
creates   nothing, so it runs whenever it is requested; a benchmark would count as an output
"""


rule verify:
    """Read every frame, crop and dataset file; fail if one is not what was written, or made with other settings."""
    log:
        "logs/verify.log",
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 8
    resources:
        mem_mb=per_attempt(4000),  # 150 MB a process, and the table of the largest dataset
        runtime=per_attempt(1440),
    params:
        program=program("verify.py"),
        code=script_digest("verify.py"),
        results="results",
        stale=lambda w: as_param(stale_results()[:500]),
        recipes=lambda w: as_param(recipes_of_datasets()),
        storage=workflow.storage_settings.default_storage_provider or [],
    shell:
        "python {params.program:q}"
        " --results {params.results:q}"
        " --workers {threads}"
        " --stale {params.stale:q}"
        " --recipes {params.recipes:q}"
        " --storage {params.storage:q}"
        " 2> {log:q}"
