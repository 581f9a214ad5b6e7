"""From archives of deepfake corpora to a face dataset and trained detectors; see README.md."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))


configfile: str(Path(workflow.basedir, "config.yaml"))


OWN_CONFIG = Path("config.yaml")
if OWN_CONFIG.exists() and not OWN_CONFIG.samefile(Path(workflow.basedir, "config.yaml")):

    configfile: "config.yaml"


report: "report/workflow.rst"


include: "rules/common.smk"


wildcard_constraints:
    corpus="|".join(config["corpora"]),
    dataset="|".join(config["datasets"]),
    shard="(?:(?:images|sequences)_)?(?:[01]+|all)",
    form="webdataset|labels|dfd|parquet",
    model="|".join([*config["models"], *config["ensembles"]]),
    media="|".join(config["media"]) or "-",
    scores="|".join(config["scores"]) or "-",
    audit="|".join(config["audits"]) or "-",
    part=rf"(?:(?:{'|'.join(config['datasets'])})\.)?(?:train|val|test)",


include: "rules/corpora_inputs.smk"
include: "rules/corpora.smk"
include: "rules/extraction.smk"
include: "rules/people_inputs.smk"
include: "rules/people.smk"
include: "rules/dataset_inputs.smk"
include: "rules/dataset.smk"
include: "rules/audits_inputs.smk"
include: "rules/audits.smk"
include: "rules/exports.smk"
include: "rules/models_inputs.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/report_inputs.smk"
include: "rules/report.smk"
include: "rules/formats.smk"
include: "rules/detection_inputs.smk"
include: "rules/detection.smk"
include: "rules/submissions_inputs.smk"
include: "rules/submissions.smk"
include: "rules/verify.smk"
include: "rules/provenance.smk"


rule all:
    """Every dataset of the user's, audited; the models that the config names, trained, and the report."""
    default_target: True
    input:
        expand("results/{dataset}", dataset=DATASETS),
        expand("results/reports/{dataset}/audit.json", dataset=DATASETS),
        expand("results/reports/{dataset}/attrition.csv", dataset=DATASETS),
        ["results/model/best.pt", "results/report/index.html"] if config["train"]["models"] else [],
