"""
From a trained model to smaller and faster formats, and what they cost.

config    forms
requires  results/models/{dataset}/{model}/best.pt, results/decoded/{dataset}/{geometry}.npy and .csv,
          results/reports/{dataset}/{model}/metrics.json
creates   results/forms/{dataset}/{model}/float32.onnx, int8_dynamic.onnx, int8_static.onnx, float32.safetensors
          results/forms/{dataset}/{model}/forms.csv, .json and .txt: size, loss on the test set, and speed
          results/huggingface/{dataset}/{model}, a folder for the Hugging Face Hub
"""

FORMS = ["float32.onnx", "int8_dynamic.onnx", "int8_static.onnx", "float32.safetensors"]
CALIBRATED = "int8_static.onnx"


rule convert:
    """Convert a model to another format and check that against the model; one is calibrated on validation images."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        checkpoint="results/models/{dataset}/{model}/best.pt",
        images=lambda w: ancient(decoded_images(w, "npy")) if w.form == CALIBRATED else [],
        rows=lambda w: decoded_images(w, "csv") if w.form == CALIBRATED else [],
    output:
        file="results/forms/{dataset}/{model}/{form}",
    log:
        "logs/convert/{dataset}/{model}/{form}.log",
    benchmark:
        "benchmarks/convert/{dataset}/{model}/{form}.tsv"
    wildcard_constraints:
        form="|".join(form.replace(".", r"\.") for form in FORMS),
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=per_attempt(8000),  # 6,459 MB: ViT-B/16 to int8_static.onnx
        runtime=per_attempt(60),
    params:
        program=program("convert.py"),
        code=script_digest("convert.py"),
        limits=limits_of_models,
        cfg=lambda w: as_param(config["forms"] if w.form == CALIBRATED else {}),
    shell:
        "python {params.program:q}"
        " --checkpoint {input.checkpoint:q}"
        " --form {wildcards.form:q}"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --output {output.file:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule weigh:
    """Compare a model's formats: size, macro F1 and AUC on the test set, images per second on the CPU."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        checkpoint="results/models/{dataset}/{model}/best.pt",
        forms=expand("results/forms/{{dataset}}/{{model}}/{form}", form=FORMS),
        images=lambda w: ancient(decoded_images(w, "npy")),
        rows=lambda w: decoded_images(w, "csv"),
    output:
        table=report(
            "results/forms/{dataset}/{model}/forms.csv",
            category="9 Forms",
            caption="../report/forms.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "size, loss and speed"},
        ),
        json="results/forms/{dataset}/{model}/forms.json",
        text="results/forms/{dataset}/{model}/forms.txt",
    log:
        "logs/weigh/{dataset}/{model}.log",
    benchmark:
        "benchmarks/weigh/{dataset}/{model}.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 64  # all cores: a job beside it would distort the speeds
    resources:
        mem_mb=per_attempt(6000),
        runtime=per_attempt(240),
    params:
        program=program("weigh.py"),
        code=script_digest("weigh.py"),
        limits=limits_of_models,
    shell:
        "python {params.program:q}"
        " --checkpoint {input.checkpoint:q}"
        " --forms {input.forms:q}"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --output {output.table:q}"
        " --output-json {output.json:q}"
        " --output-text {output.text:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule share:
    """Write a model as a folder for the Hugging Face Hub, with its card; nothing is uploaded."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        checkpoint="results/models/{dataset}/{model}/best.pt",
        metrics="results/reports/{dataset}/{model}/metrics.json",
    output:
        folder=directory("results/huggingface/{dataset}/{model}"),
    log:
        "logs/share/{dataset}/{model}.log",
    benchmark:
        "benchmarks/share/{dataset}/{model}.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=per_attempt(8000),  # the network twice, and its weights
        runtime=per_attempt(60),
    params:
        program=program("share.py"),
        code=script_digest("share.py"),
        limits=limits_of_models,
        families=lambda w: as_param(dataset_section(config, w.dataset)["families"]),
    shell:
        "python {params.program:q}"
        " --checkpoint {input.checkpoint:q}"
        " --name {wildcards.model:q}"
        " --metrics {input.metrics:q}"
        " --families {params.families:q}"
        " --plan-summary {input.plan_summary:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --output {output.folder:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
