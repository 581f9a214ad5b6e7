"""
What others need to rebuild a dataset from the same corpora, and to cite it; names and digests, no pixels.

config    datasets.<dataset>, and what its images depend on: seed, corpora, frames, faces, people
requires  results/plans/{dataset}.csv, results/index/{corpus}/videos.csv; for the crate also results/{dataset}
creates   results/reports/{dataset}/splits.csv, a line for each video of the dataset; recipe.yaml, a config to
          rebuild it with; CITATION.cff; ro-crate-metadata.json, the run that made it
"""


rule recipe:
    """Write what another lab needs to rebuild a dataset from the same corpora, and how to cite it; no pixels."""
    input:
        plan=lambda w: plan_of(w.dataset).table,
        videos=video_tables,
    output:
        splits="results/reports/{dataset}/splits.csv",
        recipe="results/reports/{dataset}/recipe.yaml",
        citation="results/reports/{dataset}/CITATION.cff",
    log:
        "logs/recipe/{dataset}.log",
    benchmark:
        "benchmarks/recipe/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),  # 339 MB for 300,000 images
        runtime=per_attempt(30),
    params:
        program=program("recipe.py"),
        code=script_digest("recipe.py"),
        results=lambda w, input: str(Path(input.plan).parents[1]),  # also right with remote storage
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
        settings=lambda w: as_param(recipe_settings(config, w.dataset)),
        code_of_images=code_of_images,
    shell:
        "python {params.program:q}"
        " --plan {input.plan:q}"
        " --results {params.results:q}"
        " --config {params.cfg:q}"
        " --settings {params.settings:q}"
        " --code {params.code_of_images:q}"
        " --output-splits {output.splits:q}"
        " --output {output.recipe:q}"
        " --output-citation {output.citation:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule ro_crate:
    """Describe the run that made a dataset as an RO-Crate: what it was made of, how, and what came of it."""
    input:
        folder="results/{dataset}",
        plan_summary=lambda w: plan_of(w.dataset).summary,
        videos=video_tables,
        splits="results/reports/{dataset}/splits.csv",
        recipe="results/reports/{dataset}/recipe.yaml",
        citation="results/reports/{dataset}/CITATION.cff",
        audit="results/reports/{dataset}/audit.json",
        attrition="results/reports/{dataset}/attrition.csv",
    output:
        crate="results/reports/{dataset}/ro-crate-metadata.json",
    log:
        "logs/ro_crate/{dataset}.log",
    benchmark:
        "benchmarks/ro_crate/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(30),
    params:
        program=program("ro_crate.py"),
        code=script_digest("ro_crate.py"),
        results=lambda w, input: str(Path(input.folder).parent),  # also right with remote storage
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
    shell:
        "python {params.program:q}"
        " --dataset {input.folder:q}"
        " --plan-summary {input.plan_summary:q}"
        " --results {params.results:q}"
        " --config {params.cfg:q}"
        " --splits {input.splits:q}"
        " --recipe {input.recipe:q}"
        " --citation {input.citation:q}"
        " --audit {input.audit:q}"
        " --attrition {input.attrition:q}"
        " --output {output.crate:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
