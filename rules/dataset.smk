"""
From the tables of all images to a dataset and its audit.

config    datasets.<dataset>, seed
requires  results/index/{corpus}/videos.csv, results/{faces,frames}/{corpus}/{shard}.csv and .tar,
          results/people/{corpus}/{shard}.csv and .npy
creates   results/plans/{dataset}.csv, the split of every image, or why it is left out; .json, a summary;
          results/plans/{dataset}.people.csv, who is seen in every video
          results/{dataset}/{train,val,test}/{real,fake}/*.jpg with metadata.csv, README.md, SHA256SUMS
          results/reports/{dataset}/audit.json and .html, whether the dataset is what was promised;
          attrition.csv and .png, how much was lost at each step
          people.html, who is who, for a person to check
"""


checkpoint plan:
    """Decide from tables alone which split each image goes to, or why it is left out."""
    input:
        videos=video_tables,
        images=lambda w: image_files(w, "csv"),
        embeddings=embedding_files,
        splits=splits_table,
        same_identity=same_identity_table,
        different_people=different_people_table,
    output:
        table="results/plans/{dataset}.csv",
        summary="results/plans/{dataset}.json",
        people="results/plans/{dataset}.people.csv",
    log:
        "logs/plan/{dataset}.log",
    benchmark:
        "benchmarks/plan/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(4000),  # 1,293 MB for 973,000 images
        runtime=per_attempt(60),
    params:
        program=program("plan.py"),
        code=script_digest("plan.py"),
        results=lambda w, output: str(Path(output.table).parents[1]),  # also right with remote storage
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
        steps=lambda w: as_param(image_sections(config, w.dataset)),
    shell:
        "python {params.program:q}"
        " --results {params.results:q}"
        " --config {params.cfg:q}"
        " --steps {params.steps:q}"
        " --splits {input.splits:q}"
        " --same-identity {input.same_identity:q}"
        " --different-people {input.different_people:q}"
        " --output {output.table:q}"
        " --output-summary {output.summary:q}"
        " --output-people {output.people:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule dataset:
    """Write the planned images to folders, with metadata, checksums, a card and a contact sheet."""
    input:
        plan=lambda w: ancient(plan_of(w.dataset).table),
        plan_summary=lambda w: plan_of(w.dataset).summary,
        tars=image_tars,
    output:
        folder=report(
            directory("results/{dataset}"),
            patterns=["contact_{part,sheet}.png"],  # Snakemake finds nothing without a wildcard
            category="2 Dataset",
            caption="../report/contact_sheet.rst",
            labels={"dataset": "{dataset}", "what": "contact sheet"},
        ),
    log:
        "logs/dataset/{dataset}.log",
    benchmark:
        "benchmarks/dataset/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),  # 160 MB for 5,000 images
        runtime=per_attempt(120),
    params:
        program=program("dataset.py"),
        code=script_digest("dataset.py"),
        results=lambda w, output: str(Path(output.folder).parent),  # also right with remote storage
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
    shell:
        "python {params.program:q}"
        " --plan {input.plan:q}"
        " --results {params.results:q}"
        " --config {params.cfg:q}"
        " --plan-summary {input.plan_summary:q}"
        " --output {output.folder:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule audit:
    """Check a finished dataset by its files: no leak, nothing missing, changed or out of balance."""
    input:
        folder="results/{dataset}",
        plan_summary=lambda w: plan_of(w.dataset).summary,  # the same kept images need no new audit
        same_identity=same_identity_table,
        different_people=different_people_table,
    output:
        facts="results/reports/{dataset}/audit.json",
        page=report(
            "results/reports/{dataset}/audit.html",
            category="2 Dataset",
            caption="../report/audit.rst",
            labels={"dataset": "{dataset}", "what": "audit"},
        ),
    log:
        "logs/audit/{dataset}.log",
    benchmark:
        "benchmarks/audit/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: lambda w: 8 if is_known_by_faces(w.dataset) else 1
    resources:
        mem_mb=audit_memory,  # 163 MB for 5,000 images, and 270 MB for each process that embeds faces
        runtime=per_attempt(240),
    params:
        program=program("audit.py"),
        code=script_digest("audit.py"),
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
        people=face_network,
        failed_page=lambda w: f"logs/audit/{w.dataset}.html",  # outputs of a failed job are deleted
    shell:
        "python {params.program:q}"
        " --dataset {input.folder:q}"
        " --config {params.cfg:q}"
        " --people {params.people:q}"
        " --failed-page {params.failed_page:q}"
        " --threads {threads}"
        " --same-identity {input.same_identity:q}"
        " --different-people {input.different_people:q}"
        " --output {output.facts:q}"
        " --output-page {output.page:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule attrition:
    """Count how much of each corpus, class and method was lost at each step."""
    input:
        plan=lambda w: plan_of(w.dataset).table,
    output:
        table="results/reports/{dataset}/attrition.csv",
        picture=report(
            "results/reports/{dataset}/attrition.png",
            category="2 Dataset",
            caption="../report/attrition.rst",
            labels={"dataset": "{dataset}", "what": "attrition"},
        ),
    log:
        "logs/attrition/{dataset}.log",
    benchmark:
        "benchmarks/attrition/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),  # 634 MB for 973,000 images
        runtime=per_attempt(30),
    params:
        program=program("attrition.py"),
        code=script_digest("attrition.py"),
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
    shell:
        "python {params.program:q}"
        " --plan {input.plan:q}"
        " --config {params.cfg:q}"
        " --output {output.table:q}"
        " --output-picture {output.picture:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule people_page:
    """Write a page on which a person checks who is who: the largest groups and the doubtful links."""
    input:
        people=people_of_plan,
        plan=lambda w: plan_of(w.dataset).table,
        tars=image_tars,
    output:
        page=report(
            "results/reports/{dataset}/people.html",
            category="2 Dataset",
            caption="../report/people.rst",
            labels={"dataset": "{dataset}", "what": "people"},
        ),
    log:
        "logs/people_page/{dataset}.log",
    benchmark:
        "benchmarks/people_page/{dataset}.tsv"
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
    params:
        program=program("people_page.py"),
        code=script_digest("people_page.py"),
        results=lambda w, input: str(Path(input.plan).parents[1]),  # also right with remote storage
        cfg=lambda w: as_param(dataset_section(config, w.dataset)),
    shell:
        "python {params.program:q}"
        " --dataset {wildcards.dataset:q}"
        " --people {input.people:q}"
        " --plan {input.plan:q}"
        " --results {params.results:q}"
        " --config {params.cfg:q}"
        " --output {output.page:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"
