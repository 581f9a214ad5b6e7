"""Checks the config and what Snakemake was started with; gives the rules of all phases their settings."""

from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod

from deepfake.config.check import BadConfig, as_param, check_config
from deepfake.code_digest import code_digest
from deepfake.slurm import left_over

try:
    check_config(config, yaml.safe_load(Path(workflow.basedir, "rules/config.schema.yaml").read_text()))
except BadConfig as error:
    raise WorkflowError(str(error)) from None

if workflow.storage_settings.default_storage_provider == "s3":
    from snakemake_storage_plugin_s3 import StorageObject

    # Version 0.3.6 asks once whether a folder is there and keeps the answer; here other machines make folders.
    StorageObject.is_dir = lambda folder: any(folder.get_subkeys())

if DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method:
    for image in config["containers"].values():
        if "://" not in image and not Path(image).exists():
            logger.warning(f"containers: there is no {image}; `make containers` makes it, or name another")


onstart:
    if workflow.executor_plugin.name == "slurm" and (jobs := left_over(Path.cwd())):
        raise WorkflowError(
            f"jobs of an earlier run are still at work here; wait for them, or `scancel {' '.join(jobs)}`"
        )


def growing(amount):
    """So many MB or minutes for a job, and as many more each time that it is tried again.

    Above what was measured of the program itself: on a cluster Snakemake runs twice beside it, in 430 MB.
    """
    return lambda w, attempt: amount * attempt


def code(script):
    """A digest of a script and all of ours that it imports: an edit of one of them makes its steps stale."""
    return code_digest(Path(workflow.basedir, "scripts", script))
