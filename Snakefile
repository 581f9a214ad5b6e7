"""From archives of deepfake corpora to a face dataset that can be trusted. README.md shows the way in."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/sources.smk"
include: "rules/video.smk"
include: "rules/faces.smk"
include: "rules/dataset.smk"
include: "rules/exports.smk"


wildcard_constraints:
    corpus="|".join(config["corpora"]),
    dataset="|".join(config["datasets"]),
    shard="(?:(?:images|sequences)_)?(?:[01]+|all)",
    form="webdataset|labels|dfd|parquet",


rule all:
    """Every dataset that the config names, audited, with an account of what was left out."""
    default_target: True
    input:
        expand("results/{dataset}", dataset=config["datasets"]),
        expand("results/reports/{dataset}/audit.json", dataset=config["datasets"]),
        expand("results/reports/{dataset}/attrition.csv", dataset=config["datasets"]),
