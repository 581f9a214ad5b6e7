"""From archives of deepfake corpora to a face dataset and trained detectors; see README.md."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

# the folder of this file, and whether another workflow uses it as a module
HOME = Path(workflow.current_basedir.get_path_or_uri(secret_free=False))
IS_MODULE = not workflow.modifier.is_main_snakefile()

if not (HOME / "scripts").is_dir():
    raise WorkflowError(
        f"{HOME}: not a folder with the steps' programs; clone the project, and name its Snakefile"
    )

sys.path.insert(0, str(HOME / "scripts"))


configfile: str(HOME / "config.yaml")


OWN_CONFIG = Path("config.yaml")
if not IS_MODULE and OWN_CONFIG.exists() and not OWN_CONFIG.samefile(HOME / "config.yaml"):

    configfile: "config.yaml"


report: "report/workflow.rst"


include: "rules/common.smk"


wildcard_constraints:
    corpus="|".join(config["corpora"]),
    dataset="|".join(config["datasets"]),
    shard="(?:(?:images|sequences)_)?(?:[01]+|all)",
    form="webdataset|labels|dfd|parquet|deepfakebench",
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
include: "rules/recipe.smk"
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
    default_target: workflow.default_target is None  # a module leaves it to the workflow that uses it
    input:
        expand("results/{dataset}", dataset=DATASETS),
        expand("results/reports/{dataset}/audit.json", dataset=DATASETS),
        expand("results/reports/{dataset}/attrition.csv", dataset=DATASETS),
        ["results/model/best.pt", "results/report/index.html"] if config["train"]["models"] else [],
