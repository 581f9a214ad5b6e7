"""The configuration as a user writes it: the defaults of config.yaml with settings laid over them."""

import copy

import yaml
from conftest import ROOT
from snakemake.utils import update_config

from deepfake.config.check import check_config

DEFAULTS = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
SCHEMA = yaml.safe_load((ROOT / "rules" / "config.schema.yaml").read_text(encoding="utf-8"))


def updated(text: str = "") -> dict:
    """Return the default config, updated with the YAML `text` as Snakemake does for --configfile."""
    config = copy.deepcopy(DEFAULTS)
    update_config(config, yaml.safe_load(text) or {})
    return config


def checked(text: str = "") -> dict:
    """Return the default config updated with `text`, checked and with the schema's defaults."""
    config = updated(text)
    check_config(config, SCHEMA)
    return config
