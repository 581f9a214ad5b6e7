"""
From a dataset to trained models, and the best of them.

config    models.<model>, ensembles.<ensemble>, train, seed
requires  results/{dataset}, results/plans/{dataset}.json, results/reports/{dataset}/audit.json
creates   results/decoded/{dataset}/{geometry}.npy, the images at the size that a network takes, and .csv
          results/models/{dataset}/{model}/best.pt, facts.json, history.csv and .json, curves.svg,
          checkpoints/ (last, every fifth epoch, transformers' folders), tensorboard/
          results/models/{dataset}/{ensemble}/best.pt and facts.json
          results/model/best.pt, that of the model with the highest validation macro F1, and choice.json
          results/training/{dataset}/{model}, a run that isn't finished; deleted when it is
"""


rule decode:
    """Decode a dataset's images once, at a size that networks take; all models of that size share them."""
    input:
        kept=lambda w: plan(w.dataset).kept,
        dataset="results/{dataset}",
    output:
        images="results/decoded/{dataset}/{geometry}.npy",
        rows="results/decoded/{dataset}/{geometry}.csv",
    log:
        "logs/decode/{dataset}/{geometry}.log",
    benchmark:
        "benchmarks/decode/{dataset}/{geometry}.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=growing(1000),  # 127 MB for 5,000 images
        runtime=growing(60),
    params:
        code=code("decode.py"),
    shell:
        "python scripts/decode.py"
        " --dataset {input.dataset:q}"
        " --geometry {wildcards.geometry:q}"
        " --threads {threads}"
        " --output {output.images:q}"
        " --output-rows {output.rows:q}"
        " 2> {log:q}"


rule train:
    """Train a model on a dataset that has passed its audit; a run that was killed goes on where it was."""
    input:
        kept=lambda w: plan(w.dataset).kept,
        audit="results/reports/{dataset}/audit.json",
        images=lambda w: ancient(decoded(w, "npy")),  # its rows decide; it is too large for a checksum
        rows=lambda w: decoded(w, "csv"),
    output:
        best="results/models/{dataset}/{model}/best.pt",
        facts="results/models/{dataset}/{model}/facts.json",
        history="results/models/{dataset}/{model}/history.json",
        table=report(
            "results/models/{dataset}/{model}/history.csv",
            category="3 Training",
            caption="../report/history.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "history"},
        ),
        curves=report(
            "results/models/{dataset}/{model}/curves.svg",
            category="3 Training",
            caption="../report/curves.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "curves"},
        ),
        checkpoints=directory("results/models/{dataset}/{model}/checkpoints"),
        tensorboard=directory("results/models/{dataset}/{model}/tensorboard"),
    log:
        "logs/train/{dataset}/{model}.log",
    benchmark:
        "benchmarks/train/{dataset}/{model}.tsv"
    wildcard_constraints:
        model="|".join(config["models"]),
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 64  # all that there are: one training at a time
    resources:
        mem_mb=growing(8000),  # on a CPU 4,399 MB: ViT-B/16, 16 images of 224 pixels
        runtime=growing(1440),
        launcher="python",  # what starts the program; profiles/README.md has others, for several GPUs or nodes
    params:
        code=code("train.py"),
        cfg=lambda w: as_param(model_section(config, w.model)),
        weights=lambda w: weights_digest(config["models"][w.model]),
        run="results/training/{dataset}/{model}",  # no output: it stays on the machine that trains, also with S3
        folder=lambda w, output: str(Path(output.best).parent),
    shell:
        "{resources.launcher} scripts/train.py"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --kept {input.kept:q}"
        " --dataset {wildcards.dataset:q}"
        " --model {wildcards.model:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --run-folder {params.run:q}"
        " --output {params.folder:q}"
        " 2> {log:q}"


rule combine:
    """Make an ensemble of models, weighted and calibrated on val; nothing is trained for it."""
    input:
        kept=lambda w: plan(w.dataset).kept,
        checkpoints=lambda w: expand(
            "results/models/{dataset}/{member}/best.pt",
            dataset=w.dataset,
            member=config["ensembles"][w.model]["models"],
        ),
        images=lambda w: ancient(decoded(w, "npy")),
        rows=lambda w: decoded(w, "csv"),
    output:
        best="results/models/{dataset}/{model}/best.pt",
        facts="results/models/{dataset}/{model}/facts.json",
    log:
        "logs/combine/{dataset}/{model}.log",
    benchmark:
        "benchmarks/combine/{dataset}/{model}.tsv"
    wildcard_constraints:
        model="|".join(config["ensembles"]) or "-",
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=growing(6000),  # all members at once
        runtime=growing(240),
    params:
        code=code("combine.py"),
        cfg=lambda w: as_param(config["ensembles"][w.model]),
        members=lambda w: config["ensembles"][w.model]["models"],
    shell:
        "python scripts/combine.py"
        " --dataset {wildcards.dataset:q}"
        " --ensemble {wildcards.model:q}"
        " --members {params.members:q}"
        " --checkpoints {input.checkpoints:q}"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --kept {input.kept:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --output {output.best:q}"
        " --output-facts {output.facts:q}"
        " 2> {log:q}"


rule choose:
    """Choose the model or ensemble with the highest validation macro F1."""
    input:
        kept=lambda w: plan(config["train"]["dataset"]).kept,
        best=of_models("results/models/{dataset}/{model}/best.pt"),
        facts=of_models("results/models/{dataset}/{model}/facts.json"),
    output:
        best="results/model/best.pt",
        choice="results/model/choice.json",
    log:
        "logs/choose.log",
    benchmark:
        "benchmarks/choose.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 1
    resources:
        mem_mb=growing(2000),  # run where Snakemake runs
        runtime=growing(10),
    params:
        code=code("choose.py"),
        dataset=config["train"]["dataset"],
        models=config["train"]["models"],
    shell:
        "python scripts/choose.py"
        " --dataset {params.dataset:q}"
        " --models {params.models:q}"
        " --checkpoints {input.best:q}"
        " --facts {input.facts:q}"
        " --output {output.best:q}"
        " --output-choice {output.choice:q}"
        " 2> {log:q}"
