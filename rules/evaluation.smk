"""
From trained models to their numbers on the validation and test sets.

config    evaluate, ensembles.<ensemble>.threshold, scores.<scores>, seed
requires  results/models/{dataset}/{model}, results/decoded/{dataset}/{geometry}.npy and .csv, results/{dataset}
creates   results/predictions/{dataset}/{model}/{split}.csv; {other}.{split}.csv, of another dataset's images
          results/predictions/{dataset}/{scores}/test.csv, val.csv, unmatched.csv and facts.json, of {scores}'s table
          results/reports/{dataset}/{model}/metrics.json, .csv and .txt, plots, robustness, mistakes
          results/report/significance.json and .csv, which model of the leader table is better than which
          results/report/cross.csv and .svg, each model tested on each dataset
          results/report/leave_out.csv and .svg, each model tested on the fakes of a method that it wasn't trained on
"""


rule predict:
    """Predict for each image of a split the probability that it is fake."""
    input:
        plan_summary=lambda w: [plan_of(w.dataset).summary, plan_of(predicted_dataset(w)).summary],
        checkpoint="results/models/{dataset}/{model}/weights.pt",  # not best.pt: scores need no threshold
        images=lambda w: ancient(decoded_images(w, "npy")),
        rows=lambda w: decoded_images(w, "csv"),
        people=lambda w: plan_of(predicted_dataset(w)).people,
    output:
        table="results/predictions/{dataset}/{model}/{part}.csv",
    log:
        "logs/predict/{dataset}/{model}/{part}.log",
    benchmark:
        "benchmarks/predict/{dataset}/{model}/{part}.tsv"
    wildcard_constraints:
        model="|".join([*config["models"], *config["ensembles"]]),
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=per_attempt(4000),  # on a CPU 1,902 MB: ViT-B/16 or ResNet-18
        runtime=per_attempt(60),
    params:
        program=program("predict.py"),
        code=script_digest("predict.py"),
        limits=limits_of_models,
        split=lambda w: w.part.rpartition(".")[2],
    shell:
        "python {params.program:q}"
        " --checkpoint {input.checkpoint:q}"
        " --images {input.images:q}"
        " --rows {input.rows:q}"
        " --people {input.people:q}"
        " --split {params.split:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --output {output.table:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule import_scores:
    """Take the scores of a detector made elsewhere as predictions."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        dataset="results/{dataset}",
        table=score_table,
        people=lambda w: plan_of(w.dataset).people,
    output:
        test="results/predictions/{dataset}/{scores}/test.csv",
        val="results/predictions/{dataset}/{scores}/val.csv",
        unmatched="results/predictions/{dataset}/{scores}/unmatched.csv",
        facts="results/predictions/{dataset}/{scores}/facts.json",
    log:
        "logs/import_scores/{dataset}/{scores}.log",
    benchmark:
        "benchmarks/import_scores/{dataset}/{scores}.tsv"
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
        program=program("import_scores.py"),
        code=script_digest("import_scores.py"),
        cfg=lambda w: as_param({key: config["scores"][w.scores][key] for key in ("missing", "scale")}),
    shell:
        "python {params.program:q}"
        " --table {input.table:q}"
        " --dataset {input.dataset:q}"
        " --people {input.people:q}"
        " --config {params.cfg:q}"
        " --output-test {output.test:q}"
        " --output-val {output.val:q}"
        " --output-unmatched {output.unmatched:q}"
        " --output-facts {output.facts:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule evaluate:
    """Evaluate a model on the test set, at the thresholds of its best.pt, chosen on the validation set."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        test="results/predictions/{dataset}/{model}/test.csv",
        val="results/predictions/{dataset}/{model}/val.csv",
        facts=facts_of_model,
    output:
        metrics="results/reports/{dataset}/{model}/metrics.json",
        table=report(
            "results/reports/{dataset}/{model}/metrics.csv",
            category="4 Evaluation",
            caption="../report/metrics.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "metrics"},
        ),
        text="results/reports/{dataset}/{model}/metrics.txt",
        groups="results/reports/{dataset}/{model}/groups.csv",
        roc=report(
            "results/reports/{dataset}/{model}/roc.svg",
            category="4 Evaluation",
            caption="../report/roc.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "ROC"},
        ),
        precision_recall=report(
            "results/reports/{dataset}/{model}/precision_recall.svg",
            category="4 Evaluation",
            caption="../report/precision_recall.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "precision and recall"},
        ),
        confusion=report(
            "results/reports/{dataset}/{model}/confusion.svg",
            category="4 Evaluation",
            caption="../report/confusion.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "confusion matrix"},
        ),
        calibration=report(
            "results/reports/{dataset}/{model}/calibration.svg",
            category="4 Evaluation",
            caption="../report/calibration.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "calibration"},
        ),
        histogram=report(
            "results/reports/{dataset}/{model}/histogram.svg",
            category="4 Evaluation",
            caption="../report/histogram.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "scores"},
        ),
    log:
        "logs/evaluate/{dataset}/{model}.log",
    benchmark:
        "benchmarks/evaluate/{dataset}/{model}.tsv"
    wildcard_constraints:
        model="|".join([*config["models"], *config["ensembles"], *config["scores"]]),
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),  # 156 MB
        runtime=per_attempt(60),
    params:
        program=program("evaluate.py"),
        code=script_digest("evaluate.py"),
        cfg=lambda w: as_param(
            {
                "threshold": threshold_of(config, w.model),
                "bootstrap": config["evaluate"]["bootstrap"],
                "seed": config["seed"],
            }
        ),
    shell:
        "python {params.program:q}"
        " --test {input.test:q}"
        " --val {input.val:q}"
        " --facts {input.facts:q}"
        " --config {params.cfg:q}"
        " --output {output.metrics:q}"
        " --output-table {output.table:q}"
        " --output-text {output.text:q}"
        " --output-groups {output.groups:q}"
        " --roc {output.roc:q}"
        " --precision-recall {output.precision_recall:q}"
        " --confusion {output.confusion:q}"
        " --calibration {output.calibration:q}"
        " --histogram {output.histogram:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule distort:
    """Evaluate a model on the test set again, with images distorted as they are on the web."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        dataset="results/{dataset}",
        checkpoint="results/models/{dataset}/{model}/best.pt",
        metrics="results/reports/{dataset}/{model}/metrics.json",
    output:
        table="results/reports/{dataset}/{model}/robustness.csv",
        picture=report(
            "results/reports/{dataset}/{model}/robustness.svg",
            category="5 Robustness",
            caption="../report/robustness.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "robustness"},
        ),
    log:
        "logs/distort/{dataset}/{model}.log",
    benchmark:
        "benchmarks/distort/{dataset}/{model}.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=per_attempt(4000),  # on a CPU 1,205 MB
        runtime=per_attempt(240),
    params:
        program=program("distort.py"),
        code=script_digest("distort.py"),
        limits=limits_of_models,
        cfg=as_param(config["evaluate"]["robustness"] | {"seed": config["seed"]}),
    shell:
        "python {params.program:q}"
        " --dataset {input.dataset:q}"
        " --checkpoint {input.checkpoint:q}"
        " --metrics {input.metrics:q}"
        " --config {params.cfg:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --output {output.table:q}"
        " --output-picture {output.picture:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule explain:
    """Show a model's most confident mistakes, and its Grad-CAM."""
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        dataset="results/{dataset}",
        checkpoint="results/models/{dataset}/{model}/best.pt",
        predictions=multiext("results/predictions/{dataset}/{model}/", "test.csv", "val.csv"),
        metrics="results/reports/{dataset}/{model}/metrics.json",
    output:
        mistakes=report(
            "results/reports/{dataset}/{model}/mistakes.png",
            category="6 Mistakes",
            caption="../report/mistakes.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "mistakes"},
        ),
        gradcam=report(
            "results/reports/{dataset}/{model}/gradcam.png",
            category="6 Mistakes",
            caption="../report/gradcam.rst",
            labels={"model": "{model}", "dataset": "{dataset}", "what": "Grad-CAM"},
        ),
        table="results/reports/{dataset}/{model}/mistakes.csv",
    log:
        "logs/explain/{dataset}/{model}.log",
    benchmark:
        "benchmarks/explain/{dataset}/{model}.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 8
    resources:
        mem_mb=per_attempt(4000),  # on a CPU 1,234 MB
        runtime=per_attempt(60),
    params:
        program=program("explain.py"),
        code=script_digest("explain.py"),
        limits=limits_of_models,
    shell:
        "python {params.program:q}"
        " --dataset {input.dataset:q}"
        " --checkpoint {input.checkpoint:q}"
        " --predictions {input.predictions:q}"
        " --metrics {input.metrics:q}"
        " --threads {threads}"
        " --limits {params.limits:q}"
        " --output-mistakes {output.mistakes:q}"
        " --output-gradcam {output.gradcam:q}"
        " --output-table {output.table:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule significance:
    """Compare the models with each other on the test set: which is better, and whether that may be chance."""
    input:
        plan_summary=lambda w: plan_of(of_config(trained_dataset, *DATASETS)).summary,
        predictions=for_ranked_models("results/predictions/{dataset}/{model}/test.csv"),
        metrics=for_ranked_models("results/reports/{dataset}/{model}/metrics.json"),
    output:
        json="results/report/significance.json",
        table=report(
            "results/report/significance.csv",
            category="4 Evaluation",
            caption="../report/significance.rst",
            labels={"model": "all", "dataset": config["train"]["dataset"], "what": "significance"},
        ),
    log:
        "logs/significance.log",
    benchmark:
        "benchmarks/significance.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),  # 344 MB: 20 models of 2,000 videos, in 44 s
        runtime=per_attempt(60),
    params:
        program=program("significance.py"),
        code=script_digest("significance.py"),
        models=ranked_models(),
        cfg=as_param({"bootstrap": config["evaluate"]["bootstrap"], "seed": config["seed"]}),
    shell:
        "python {params.program:q}"
        " --models {params.models:q}"
        " --predictions {input.predictions:q}"
        " --metrics {input.metrics:q}"
        " --config {params.cfg:q}"
        " --output {output.json:q}"
        " --output-table {output.table:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


use rule predict as predict_left_out with:
    input:
        plan_summary=lambda w: plan_of(w.dataset).summary,
        checkpoint="results/models/{dataset}/{model}.without/{method}/weights.pt",
        images=lambda w: ancient(decoded_images(w, "npy")),
        rows=lambda w: decoded_images(w, "csv"),
        people=lambda w: plan_of(w.dataset).people,
    output:
        table="results/predictions/{dataset}/{model}.without/{method}/test.csv",
    log:
        "logs/predict_left_out/{dataset}/{model}/{method}.log",
    benchmark:
        "benchmarks/predict_left_out/{dataset}/{model}/{method}.tsv"
    wildcard_constraints:
        model="|".join(config["models"]),
        method="[^/]+",
    params:
        split="test",


rule leave_out:
    """Test models on the fakes of a method that they were trained without, beside all others."""
    input:
        plan_summary=lambda w: [plan_of(d).summary for d in config["evaluate"]["leave_out"]["datasets"]],
        test=lambda w: for_left_out(
            "results/predictions/{dataset}/{model}.without/{method}/test.csv",
            "results/predictions/{dataset}/{model}/test.csv",
        ),
        val=lambda w: for_left_out(
            "results/models/{dataset}/{model}.without/{method}/val.csv",
            "results/models/{dataset}/{model}/val.csv",
        ),
    output:
        table="results/report/leave_out.csv",
        picture=report(
            "results/report/leave_out.svg",
            category="7 Across datasets",
            caption="../report/leave_out.rst",
            labels={"what": "methods left out"},
        ),
    log:
        "logs/leave_out.log",
    benchmark:
        "benchmarks/leave_out.tsv"
    conda:
        "../envs/torch.yaml"
    container:
        config["containers"]["torch"]
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(60),
    params:
        program=program("leave_out.py"),
        code=script_digest("leave_out.py"),
        cfg=as_param(
            {
                "threshold": {m: threshold_of(config, m) for m in config["evaluate"]["leave_out"]["models"]},
                "bootstrap": config["evaluate"]["bootstrap"],
                "seed": config["seed"],
            }
        ),
        test=lambda w, input: with_labels(
            for_left_out("{model}:{dataset}:{method}", "{model}:{dataset}:"), input.test
        ),
        val=lambda w, input: with_labels(
            for_left_out("{model}:{dataset}:{method}", "{model}:{dataset}:"), input.val
        ),
    shell:
        "python {params.program:q}"
        " --test {params.test:q}"
        " --val {params.val:q}"
        " --config {params.cfg:q}"
        " --output {output.table:q}"
        " --output-picture {output.picture:q}"
        " --record {params.record:q}"
        " 2> {log:q}"


rule compare:
    """Compare models across datasets: trained on one, tested on what they haven't seen of another."""
    input:
        plan_summary=lambda w: [plan_of(d).summary for d in cross_datasets()],
        datasets=expand("results/{dataset}", dataset=cross_datasets()),
        plans=lambda w: [plan_of(d).table for d in cross_datasets()],
        embeddings=embeddings_of_cross_datasets,
        predictions=for_cross_pairs("results/predictions/{dataset}/{model}/{part}.csv"),
        metrics=for_cross_pairs("results/reports/{dataset}/{model}/metrics.json"),
        same_identity=[
            local(path)
            for path in sorted({config["datasets"][d]["same_identity"] for d in cross_datasets()} - {None})
        ],
    output:
        table="results/report/cross.csv",
        picture=report(
            "results/report/cross.svg",
            category="7 Across datasets",
            caption="../report/cross.rst",
            labels={"what": "across datasets"},
        ),
    log:
        "logs/compare.log",
    benchmark:
        "benchmarks/compare.tsv"
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
        program=program("compare.py"),
        code=script_digest("compare.py"),
        datasets=lambda w, input: with_labels(cross_datasets(), input.datasets),
        predictions=lambda w, input: with_labels(
            for_cross_pairs("{model}:{dataset}:{other}"), input.predictions
        ),
        thresholds=lambda w, input: with_labels(for_cross_pairs("{model}:{dataset}"), input.metrics),
        duplicates=max([config["datasets"][d]["duplicates"] or 0 for d in cross_datasets()], default=0),
        people=as_param(people_of_cross_datasets(config)),
        results=lambda w, output: str(Path(output.table).parents[1]),  # also right with remote storage
        bootstrap=config["evaluate"]["bootstrap"],
        seed=config["seed"],
    shell:
        "python {params.program:q}"
        " --datasets {params.datasets:q}"
        " --predictions {params.predictions:q}"
        " --thresholds {params.thresholds:q}"
        " --duplicates {params.duplicates}"
        " --same-identity {input.same_identity:q}"
        " --people {params.people:q}"
        " --results {params.results:q}"
        " --bootstrap {params.bootstrap}"
        " --seed {params.seed}"
        " --output {output.table:q}"
        " --output-picture {output.picture:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
