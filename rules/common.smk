"""Checks the config and the options of this run, and defines what the rules of all phases share."""

import copy
import functools
import shlex
from pathlib import Path

import yaml
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod
from snakemake.utils import update_config

from deepfake.code_digest import code_digest
from deepfake.config.auto_layout import resolve_layouts
from deepfake.config.check import check_config
from deepfake.config.defaults import apply_own_names, mixed_alignment, unused_corpora
from deepfake.config.files import check_files
from deepfake.config.paths import variables_in_paths
from deepfake.config.sections import as_param, model_limits
from deepfake.disk import check_writable
from deepfake.errors import UserError
from deepfake.packages import check_packages
from deepfake.scheduler_timers import limit_timers
from deepfake.slurm import unfinished_jobs


def own_settings():
    """What the user has merged over config.yaml: here, in config files, on the command line, for a module."""
    if IS_MODULE:
        return copy.deepcopy(dict(config))
    own = load_configfile("config.yaml") if "config.yaml" in workflow.configfiles else {}
    update_config(own, workflow.config_settings.overwrite_config)
    return own


def workflow_file(name):
    """The path of a file or folder of the workflow, which may be somewhere else than the working folder."""
    path, here = Path(HOME, name), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def module_config():
    """The config of a module: config.yaml, which Snakemake doesn't read for one, with the module's merged over it."""
    paths = workflow.modifier.path_modifier
    if paths.prefix or paths.modifies_prefixes:
        raise WorkflowError(
            "prefix and replace_prefix can't be used: programs find each other's files below results/; run the "
            "workflow by itself instead, with --directory"
        )
    if workflow.modifier.rule_whitelist is not None:
        raise WorkflowError(
            "single rules of this module can't be used, since Snakemake then doesn't know its checkpoints; write "
            "`use rule * from`, and change threads and resources by --set-threads and --set-resources"
        )
    merged = load_configfile(HOME / "config.yaml")
    update_config(merged, OWN_SETTINGS)
    return merged


limit_timers()

OWN_SETTINGS = own_settings()

if IS_MODULE:
    config = module_config()

workflow.register_envvars(*variables_in_paths(config))  # so that jobs on other machines have them

# rules that always need torch; others of models, such as predict and detect, need it unless the model is in ONNX
WITH_TORCH = set("train train_left_out features combine finish explain convert weigh share".split())

try:
    if workflow.is_main_process:
        check_writable([".snakemake"])  # of which Snakemake's own error is a traceback
    check_files(workflow.configfiles)
    check_config(config, yaml.safe_load(Path(HOME, "rules/config.schema.yaml").read_text(encoding="utf-8")))
    for line in resolve_layouts(config, Path(".snakemake/layouts.json")):
        if workflow.is_main_process:
            logger.info(line)
    DATASETS = apply_own_names(config, OWN_SETTINGS)
except UserError as error:
    raise WorkflowError(str(error)) from None

for corpus in unused_corpora(config, OWN_SETTINGS) if workflow.is_main_process else []:
    logger.warning(
        f"corpora.{corpus}: in no dataset, so nothing is made from it; write datasets: "
        f"{{my_dataset: {{corpora: [{corpus}]}}}}"
    )

for line in mixed_alignment(config, DATASETS) if workflow.is_main_process else []:
    logger.warning(line)

if workflow.storage_settings.default_storage_provider == "s3":
    from snakemake_storage_plugin_s3 import StorageObject

    # Version 0.3.6 asks once whether a folder exists and keeps the answer; here other machines create folders.
    StorageObject.is_dir = lambda folder: any(folder.get_subkeys())

if DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method:
    for stack, image in config["containers"].items():
        if "://" in image or Path(image).exists():
            continue
        config["containers"][stack] = built = workflow_file(image)  # where `make containers` builds it
        if not Path(built).exists():
            logger.warning(f"containers: {image} doesn't exist; `make containers` builds it, or name another")
    if not HOME.is_relative_to(Path.cwd()):  # the only folder that Snakemake binds
        workflow.deployment_settings.apptainer_args += f" --bind {shlex.quote(str(HOME))}"


onstart:
    try:
        check_writable(["results", "resources", "logs", "benchmarks"])
        if runs_here() and not workflow.touch:
            steps = {rule_name(job.rule) for job in workflow.dag.needrun_jobs()}
            check_packages(steps & WITH_TORCH, logger=config["train"]["logger"])
    except UserError as error:
        raise WorkflowError(str(error)) from None
    if workflow.executor_plugin.name == "slurm" and (jobs := unfinished_jobs(Path.cwd())):
        raise WorkflowError(
            f"jobs of an earlier run are still at work here; wait for them, or `scancel {' '.join(jobs)}`"
        )


@functools.cache
def rule_name(rule):
    """The name of a rule as it is written here; as a module's it may have another, such as deepfake_train."""
    return next((name for name, proxy in rules._rules.items() if proxy.rule is rule), rule.name)


def runs_here():
    """Whether steps run by the Python of this environment: not in conda's, an image, or on machines elsewhere."""
    elsewhere = workflow.executor_plugin.common_settings.implies_no_shared_fs
    return not elsewhere and not workflow.deployment_settings.deployment_method


def of_config(function, *names):
    """What a function of the library returns for the config and `names`; its UserError ends the run.

    An exception of an input function would not: Snakemake drops a job whose input function fails if its
    outputs exist, and says "Nothing to be done".
    """
    try:
        return function(config, *names)
    except UserError as error:
        if looking_only or not is_run():
            raise WorkflowError(str(error)) from None
        logger.error(str(error))
        raise SystemExit(1) from None


def require(check, *names):
    """Run a check of config.sources, for the input functions of what needs these files: no others must exist."""
    if is_run() and not looking_only and (check, names) not in required:
        of_config(check, *names)
        required.add((check, names))


required = set()  # checks that have passed
looking_only = []  # not empty while inputs are looked at, and nothing is made from them


def is_run():
    """Whether this process runs a workflow: no single job, and no command such as --report or --unlock."""
    return workflow.is_main_process and bool(workflow.execution_settings)


def program(script):
    """The path of a script, as a param that makes no step stale: its `code` does.

    Snakemake compares no param that is derived from a job's threads.
    """
    return lambda w, threads: workflow_file(f"scripts/{script}")


def limits_of_models(w, threads):
    """The limits of a model, as a param that makes no step stale: results don't depend on them."""
    return as_param(model_limits(config))


def per_attempt(amount):
    """The MB or minutes of a job's first attempt; each further attempt gets as much more.

    The amounts lie above what the programs were measured to use: on a cluster Snakemake itself runs beside
    each of them, twice, and takes 430 MB.
    """
    return lambda w, attempt: amount * attempt


def script_digest(script):
    """A digest of a script and of the library modules that it imports: editing one makes its steps stale.

    It is computed when a job is considered: a run has jobs of few rules, and all digests take a second.
    """
    return lambda w: code_digest(Path(HOME, "scripts", script))
