"""
From a dataset to trained models, and the best of them.

config    models.<model>, ensembles.<ensemble>, evaluate.threshold, train, seed
requires  results/{dataset}, results/plans/{dataset}.json, results/reports/{dataset}/audit.json
creates   results/decoded/{dataset}/{geometry}.npy, the images at a network's input size, and .csv
          results/landmarks/{dataset}/{five|68}.npy, points of the faces in the images, and .csv
          results/features/{dataset}/{encoder}.train.npy, .val.npy and .json, for models with tune: head
          results/models/{dataset}/{model}/weights.pt and .json, of the best epoch; val.csv, its predictions;
          history.csv and .json, curves.svg, tensorboard/,
          checkpoints/ (the last, every fifth epoch, folders for transformers)
          results/models/{dataset}/{ensemble}/weights.pt and .json, val.csv
          results/models/{dataset}/{model}/best.pt and facts.json, of models and ensembles: with thresholds
          results/models/{dataset}/{model}.without/{method}/, the same as training leaves it without a method's fakes
          results/model/best.pt, of the model with the highest validation macro F1, and choice.json
          results/training/{dataset}/{model}, an unfinished run; deleted at its end
          results/mlflow/ or results/wandb/, with train.logger: the histories of all trainings
"""


rule decode:
    """Decode a dataset's images once at a network's input size; all models of that size share them."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
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
        mem_mb=per_attempt(1000),  # 127 MB for 5,000 images
        runtime=per_attempt(60),
    params:
        program=program("decode.py"),
        code=script_digest("decode.py"),
    shell:
        "python {params.program:q}"
        " --dataset {input.dataset:q}"
        " --geometry {wildcards.geometry:q}"
        " --threads {threads}"
        " --output {output.images:q}"
        " --output-rows {output.rows:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule landmarks:
    """Find the faces in a dataset's images and the points of their landmarks, for models whose self-blending asks."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        dataset="results/{dataset}",
    output:
        points="results/landmarks/{dataset}/{kind}.npy",
        table="results/landmarks/{dataset}/{kind}.csv",
    log:
        "logs/landmarks/{dataset}/{kind}.log",
    benchmark:
        "benchmarks/landmarks/{dataset}/{kind}.tsv"
    wildcard_constraints:
        kind="five|68",
    conda:
        "../envs/media.yaml"
    container:
        config["containers"]["media"]
    threads: 8
    resources:
        mem_mb=lambda w, threads, attempt: attempt * (1000 + 400 * threads),  # a worker takes 265 MB
        runtime=per_attempt(240),
    params:
        program=program("landmarks.py"),
        code=script_digest("landmarks.py"),
        limits=limits_of_crops,
    shell:
        "python {params.program:q}"
        " --dataset {input.dataset:q}"
        " --kind {wildcards.kind:q}"
        " --limits {params.limits:q}"
        " --workers {threads}"
        " --output {output.points:q}"
        " --output-table {output.table:q}"
        " --record {params.record:q}"
        " > {log:q} 2>&1"


rule features:
    """Compute the features of train and val once, for all models that train a head on the same network."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        audit=ancient("results/reports/{dataset}/audit.json"),  # must have passed; features don't depend on it
        images=lambda w: ancient(images_of_encoder(w, "npy")),
        rows=lambda w: images_of_encoder(w, "csv"),
    output:
        train="results/features/{dataset}/{encoder}.train.npy",
        val="results/features/{dataset}/{encoder}.val.npy",
        facts="results/features/{dataset}/{encoder}.json",
    log:
        "logs/features/{dataset}/{encoder}.log",
    benchmark:
        "benchmarks/features/{dataset}/{encoder}.tsv"
    wildcard_constraints:
        encoder=r"[^/]+-[0-9a-f]{8}",
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 64  # all cores: one network at a time
    resources:
        mem_mb=per_attempt(8000),  # on a CPU 1,980 MB: ViT-B/16
        runtime=per_attempt(1440),
    params:
        program=program("features.py"),
        code=script_digest("features.py"),
        limits=limits_of_models,
        cfg=lambda w: as_param(encoder_section(of_config(model_of_encoder, w.encoder))),
        run="results/training/{dataset}/{encoder}",  # no output: what a killed job has done stays
    shell:
        "python {params.program:q}"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --plan-summary {input.plan_summary:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --run-folder {params.run:q}"
        " --output-train {output.train:q}"
        " --output-val {output.val:q}"
        " --output {output.facts:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule train:
    """Train a model on a dataset that has passed its audit; a killed run is resumed."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        audit="results/reports/{dataset}/audit.json",
        images=lambda w: ancient(decoded_images(w, "npy")),  # too large for a checksum: its rows decide
        rows=lambda w: decoded_images(w, "csv"),
        points=lambda w: ancient(landmarks_of(w, "npy")),  # its table decides
        landmarks=lambda w: landmarks_of(w, "csv"),
        people=people_of_blends,
        features=lambda w: ancient(kept_features(w, "train.npy", "val.npy")),
        features_facts=lambda w: kept_features(w, "json"),  # with the digests of the features, which decide
    output:
        weights="results/models/{dataset}/{model}/weights.pt",
        facts="results/models/{dataset}/{model}/weights.json",
        val="results/models/{dataset}/{model}/val.csv",
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
    threads: 64  # all cores: one training at a time
    resources:
        mem_mb=per_attempt(8000),  # on a CPU 4,399 MB: ViT-B/16, 16 images of 224 pixels
        runtime=per_attempt(1440),
        launcher="python",  # starts the program; profiles/README.md has launchers for several GPUs or nodes
    params:
        program=program("train.py"),
        code=script_digest("train.py"),
        limits=limits_of_models,
        cfg=lambda w: as_param(model_section(config, w.model)),
        weights=lambda w: weights_digest(config["models"][w.model]),
        leave_out="",
        run="results/training/{dataset}/{model}",  # no output: it stays on the training machine, also with S3
        folder=lambda w, output: str(Path(output.weights).parent),
        logger=logger_of_training,
    shell:
        "{resources.launcher} {params.program:q}"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --features {input.features:q}"
        " --plan-summary {input.plan_summary:q}"
        " --landmarks {input.points:q} {input.landmarks:q}"
        " --people {input.people:q}"
        " --dataset {wildcards.dataset:q}"
        " --model {wildcards.model:q}"
        " --leave-out {params.leave_out:q}"
        " --logger {params.logger[0]:q}"
        " --logger-folder {params.logger[1]:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --run-folder {params.run:q}"
        " --output {params.folder:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


use rule train as train_left_out with:
    output:
        weights="results/models/{dataset}/{model}.without/{method}/weights.pt",
        facts="results/models/{dataset}/{model}.without/{method}/weights.json",
        val="results/models/{dataset}/{model}.without/{method}/val.csv",
        history="results/models/{dataset}/{model}.without/{method}/history.json",
        table="results/models/{dataset}/{model}.without/{method}/history.csv",
        curves="results/models/{dataset}/{model}.without/{method}/curves.svg",
        checkpoints=directory("results/models/{dataset}/{model}.without/{method}/checkpoints"),
        tensorboard=directory("results/models/{dataset}/{model}.without/{method}/tensorboard"),
    log:
        "logs/train_left_out/{dataset}/{model}/{method}.log",
    benchmark:
        "benchmarks/train_left_out/{dataset}/{model}/{method}.tsv"
    wildcard_constraints:
        model="|".join(config["models"]),
        method="[^/]+",
    params:
        leave_out=lambda w: w.method,
        run="results/training/{dataset}/{model}.without/{method}",


rule combine:
    """Combine models to an ensemble, weighted and calibrated on the validation set; nothing is trained."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        checkpoints=lambda w: expand(
            "results/models/{dataset}/{member}/weights.pt",
            dataset=w.dataset,
            member=config["ensembles"][w.model]["models"],
        ),
        images=lambda w: ancient(decoded_images(w, "npy")),
        rows=lambda w: decoded_images(w, "csv"),
    output:
        weights="results/models/{dataset}/{model}/weights.pt",
        facts="results/models/{dataset}/{model}/weights.json",
        val="results/models/{dataset}/{model}/val.csv",
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
        mem_mb=per_attempt(6000),  # all models at once
        runtime=per_attempt(240),
    params:
        program=program("combine.py"),
        code=script_digest("combine.py"),
        limits=limits_of_models,
        cfg=lambda w: as_param(ensemble_section(config, w.model)),
        members=lambda w: config["ensembles"][w.model]["models"],
    shell:
        "python {params.program:q}"
        " --dataset {wildcards.dataset:q}"
        " --ensemble {wildcards.model:q}"
        " --members {params.members:q}"
        " --checkpoints {input.checkpoints:q}"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --plan-summary {input.plan_summary:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --output {output.weights:q}"
        " --output-facts {output.facts:q}"
        " --output-val {output.val:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule finish:
    """Set the thresholds of a model or ensemble, chosen on the validation set; nothing is trained."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        weights="results/models/{dataset}/{model}/weights.pt",
        facts="results/models/{dataset}/{model}/weights.json",
        val="results/models/{dataset}/{model}/val.csv",
    output:
        best="results/models/{dataset}/{model}/best.pt",
        facts="results/models/{dataset}/{model}/facts.json",
    log:
        "logs/finish/{dataset}/{model}.log",
    benchmark:
        "benchmarks/finish/{dataset}/{model}.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),  # runs where Snakemake runs
        runtime=per_attempt(10),
    params:
        program=program("finish.py"),
        code=script_digest("finish.py"),
        limits=limits_of_models,
        threshold=lambda w: str(threshold_of(config, w.model)),
    shell:
        "python {params.program:q}"
        " --weights {input.weights:q}"
        " --facts {input.facts:q}"
        " --val {input.val:q}"
        " --threshold {params.threshold:q}"
        " --limits {params.limits:q}"
        " --output {output.best:q}"
        " --output-facts {output.facts:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule choose:
    """Choose the model or ensemble with the highest validation macro F1."""
    input:
        plan_summary=lambda w: plan_of(of_config(trained_dataset, *DATASETS)).summary,
        best=for_models("results/models/{dataset}/{model}/best.pt"),
        facts=for_models("results/models/{dataset}/{model}/facts.json"),
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
        mem_mb=per_attempt(2000),  # runs where Snakemake runs
        runtime=per_attempt(10),
    params:
        program=program("choose.py"),
        code=script_digest("choose.py"),
        dataset=config["train"]["dataset"],
        models=config["train"]["models"],
    shell:
        "python {params.program:q}"
        " --dataset {params.dataset:q}"
        " --models {params.models:q}"
        " --checkpoints {input.best:q}"
        " --facts {input.facts:q}"
        " --output {output.best:q}"
        " --output-choice {output.choice:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
