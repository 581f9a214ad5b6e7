"""
One page about the dataset, its audit and the models.

config    train, scores
requires  the audit, attrition, metrics and plots of results/reports/, results/models/, results/model/choice.json,
          results/report/significance.json of several models, results/report/cross.csv
creates   results/report/index.html
"""


rule summarise:
    """Write the one-page report."""
    input:
        plan_summary=lambda w: plan_of(of_config(trained_dataset, *DATASETS)).summary,
        dataset=f"results/{config['train']['dataset']}",
        audit=f"results/reports/{config['train']['dataset']}/audit.json",
        attrition=f"results/reports/{config['train']['dataset']}/attrition.csv",
        attrition_picture=f"results/reports/{config['train']['dataset']}/attrition.png",
        choice="results/model/choice.json",
        facts=for_models("results/models/{dataset}/{model}/facts.json"),
        history=for_trained_models("results/models/{dataset}/{model}/history.json"),
        curves=for_trained_models("results/models/{dataset}/{model}/curves.svg"),
        metrics=for_models("results/reports/{dataset}/{model}/metrics.json"),
        score_facts=for_ranked_scores("results/predictions/{dataset}/{model}/facts.json"),
        score_metrics=for_ranked_scores("results/reports/{dataset}/{model}/metrics.json"),
        roc=for_models("results/reports/{dataset}/{model}/roc.svg"),
        precision_recall=for_models("results/reports/{dataset}/{model}/precision_recall.svg"),
        confusion=for_models("results/reports/{dataset}/{model}/confusion.svg"),
        calibration=for_models("results/reports/{dataset}/{model}/calibration.svg"),
        histogram=for_models("results/reports/{dataset}/{model}/histogram.svg"),
        robustness=for_models("results/reports/{dataset}/{model}/robustness.svg"),
        mistakes=for_models("results/reports/{dataset}/{model}/mistakes.png"),
        gradcam=for_models("results/reports/{dataset}/{model}/gradcam.png"),
        significance="results/report/significance.json" if ranked_models()[1:] else [],
        cross="results/report/cross.csv" if for_cross_pairs("{model}") else [],
        cross_picture="results/report/cross.svg" if for_cross_pairs("{model}") else [],
        leave_out="results/report/leave_out.csv" if left_out_pairs() else [],
        leave_out_picture="results/report/leave_out.svg" if left_out_pairs() else [],
    output:
        page=report(
            "results/report/index.html",
            category="1 Summary",
            caption="../report/summary.rst",
            labels={"what": "summary"},
        ),
    log:
        "logs/summarise.log",
    benchmark:
        "benchmarks/summarise.tsv"
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
        program=program("summarise.py"),
        code=script_digest("summarise.py"),
        command=run_command,
        models=config["train"]["models"],
        audit_page=f"results/reports/{config['train']['dataset']}/audit.html",  # named on the page, not read
        reports=lambda w, input: folders(input.metrics),
        training=lambda w, input: folders(input.facts),
        scores=ranked_scores(),
        score_reports=lambda w, input: folders(input.score_metrics),
        score_predictions=lambda w, input: folders(input.score_facts),
    shell:
        "python {params.program:q}"
        " --dataset {input.dataset:q}"
        " --plan-summary {input.plan_summary:q}"
        " --audit {input.audit:q}"
        " --audit-page {params.audit_page:q}"
        " --attrition {input.attrition:q}"
        " --attrition-picture {input.attrition_picture:q}"
        " --choice {input.choice:q}"
        " --models {params.models:q}"
        " --reports {params.reports:q}"
        " --training {params.training:q}"
        " --scores {params.scores:q}"
        " --score-reports {params.score_reports:q}"
        " --score-predictions {params.score_predictions:q}"
        " --significance {input.significance:q}"
        " --cross {input.cross:q}"
        " --cross-picture {input.cross_picture:q}"
        " --leave-out {input.leave_out:q}"
        " --leave-out-picture {input.leave_out_picture:q}"
        " --command {params.command:q}"
        " --output {output.page:q}"
        " --record {params.record:q}"
        " 2> {log:q}"
