"""Checks the config and the options of this run, and defines what the rules of all phases share."""

import functools
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod

from deepfake.code_digest import code_digest
from deepfake.config.check import check_config
from deepfake.config.paths import variables_in_paths
from deepfake.config.sections import as_param, model_limits
from deepfake.errors import UserError
from deepfake.slurm import unfinished_jobs

workflow.register_envvars(*variables_in_paths(config))  # so that jobs on other machines have them

try:
    check_config(config, yaml.safe_load(Path(workflow.basedir, "rules/config.schema.yaml").read_text()))
except UserError as error:
    raise WorkflowError(str(error)) from None

if workflow.storage_settings.default_storage_provider == "s3":
    from snakemake_storage_plugin_s3 import StorageObject

    # Version 0.3.6 asks once whether a folder exists and keeps the answer; here other machines create folders.
    StorageObject.is_dir = lambda folder: any(folder.get_subkeys())

if DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method:
    for image in config["containers"].values():
        if "://" not in image and not Path(image).exists():
            logger.warning(f"containers: {image} doesn't exist; `make containers` builds it, or name another")

# in commands, but in no `params`: results don't depend on a limit that no model is over
MODEL_LIMITS = as_param(model_limits(config))


onstart:
    if workflow.executor_plugin.name == "slurm" and (jobs := unfinished_jobs(Path.cwd())):
        raise WorkflowError(
            f"jobs of an earlier run are still at work here; wait for them, or `scancel {' '.join(jobs)}`"
        )


def of_config(function, *names):
    """What a function of the library returns for the config and `names`; its UserError ends the run.

    An exception of an input function would not: Snakemake drops a job whose input function fails if its
    outputs exist, and says "Nothing to be done".
    """
    try:
        return function(config, *names)
    except UserError as error:
        if not is_run():
            raise WorkflowError(str(error)) from None
        logger.error(str(error))
        raise SystemExit(1) from None


@functools.cache
def require(check, *names):
    """Run a check of config.sources, for the input functions of what needs these files: no others must exist."""
    if is_run():
        of_config(check, *names)


def is_run():
    """Whether this process runs a workflow: no single job, and no command such as --report or --unlock."""
    return workflow.is_main_process and bool(workflow.execution_settings)


def per_attempt(amount):
    """The MB or minutes of a job's first attempt; each further attempt gets as much more.

    The amounts lie above what the programs were measured to use: on a cluster Snakemake itself runs beside
    each of them, twice, and takes 430 MB.
    """
    return lambda w, attempt: amount * attempt


def script_digest(script):
    """A digest of a script and of the library modules that it imports: editing one makes its steps stale."""
    return code_digest(Path(workflow.basedir, "scripts", script))
