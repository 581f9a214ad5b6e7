"""
From any videos and images to verdicts.

config    media, detect, seed, limits
requires  results/model/best.pt or another model, and a folder, archives or a list of videos and images
creates   results/verdicts/{media}/report.html, one page with a verdict for each, and what it is based on
          results/verdicts/{media}/verdicts.csv and .json, for other programs
"""


rule detect:
    """Score videos and images. Files that can't be scored (exit code 3) are listed, and are no failure."""
    input:
        plan_summary=lambda w: plan_of(training_dataset(w)).summary if training_dataset(w) else [],
        model=detection_model,
        media=media_files,
    output:
        page=report(
            "results/verdicts/{media}/report.html",
            category="8 Verdicts",
            caption="../report/verdicts.rst",
            labels={"media": "{media}", "what": "verdicts"},
        ),
        table="results/verdicts/{media}/verdicts.csv",
        json="results/verdicts/{media}/verdicts.json",
    log:
        "logs/detect/{media}.log",
    benchmark:
        "benchmarks/detect/{media}.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=per_attempt(4000),  # on a CPU 1,194 MB with two processes
        runtime=per_attempt(240),
    params:
        program=program("detect.py"),
        code=script_digest("detect.py"),
        contents=media_fingerprint,
        options=media_options,
        listed=lambda w: "--list" if config["media"][w.media]["list"] else "--",
    shell:
        "python {params.program:q}"
        " --model {input.model:q}"
        " --threads {threads}"
        " {params.options:q}"
        " --output-page {output.page:q}"
        " --output-table {output.table:q}"
        " --output-json {output.json:q}"
        " --record {params.record:q}"
        " {params.listed} {input.media:q}"
        " > {log:q} 2>&1 || [ $? -eq 3 ]"
