"""
From a trained model to competition submissions.

config    submissions, detect.people, limits
requires  results/models/{dataset}/{model}/best.pt, results/forms/{dataset}/{model}/{form},
          results/reports/{dataset}/{model}/metrics.json
creates   results/submissions/{dataset}/{model}/prediction.txt, lines `image_name label`, in the list's order
          results/submissions/{dataset}/{model}/submission.csv, filename,label with the probability of fake
          results/submissions/{dataset}/{model}/package.zip, which runs by itself, and package.json, its contents
"""


rule submit:
    """Score what a competition lists. What can't be scored gets the fallback and is named in the log."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        checkpoint="results/models/{dataset}/{model}/best.pt",
        names=lambda w: local(submission_setting(names_of, w.file)),
        media=test_media,
    output:
        answer="results/submissions/{dataset}/{model}/{file}",
    log:
        "logs/submit/{dataset}/{model}/{file}.log",
    benchmark:
        "benchmarks/submit/{dataset}/{model}/{file}.tsv"
    wildcard_constraints:
        file="|".join(file.replace(".", r"\.") for file in SECTIONS),
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=per_attempt(4000),  # 974 MB: Meso-4 and small videos
        runtime=per_attempt(600),
    params:
        program=program("submit.py"),
        code=script_digest("submit.py"),
        cfg=lambda w: as_param(submission_setting(settings_of, w.file)),
        contents=lambda w: fingerprint(tuple(submission_setting(media_of, w.file))),
    shell:
        "python {params.program:q}"
        " --file {wildcards.file:q}"
        " --checkpoint {input.checkpoint:q}"
        " --names {input.names:q}"
        " --media {input.media:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --output {output.answer:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule package:
    """Pack a model with all that is needed to run it elsewhere, offline."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        model=packaged_model,
        metrics="results/reports/{dataset}/{model}/metrics.json",
        requirements=local(workflow_file("requirements.txt")),
        license=local(workflow_file("LICENSE")),
    output:
        package="results/submissions/{dataset}/{model}/package.zip",
        parts="results/submissions/{dataset}/{model}/package.json",
    log:
        "logs/package/{dataset}/{model}.log",
    benchmark:
        "benchmarks/package/{dataset}/{model}.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
    params:
        program=program("package.py"),
        code=script_digest("package.py"),
        limits=limits_of_models,
        families=lambda w: as_param(dataset_section(config, w.dataset)["families"]),
    shell:
        "python {params.program:q}"
        " --model {input.model:q}"
        " --name {wildcards.model:q}"
        " --metrics {input.metrics:q}"
        " --families {params.families:q}"
        " --plan-summary {input.plan_summary:q}"
        " --limits {params.limits:q}"
        " --requirements {input.requirements:q}"
        " --license {input.license:q}"
        " --output {output.package:q}"
        " --output-json {output.parts:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
