"""
What each output was made with is written beside it, and an output made with anything else is made again.

Snakemake judges by `.snakemake/metadata`, which lacks what a job wrote after Snakemake was killed, and which keeps
the parameters of a checkpoint that failed. So every job writes a record of its settings, code, inputs and outputs
to results/provenance/ (deepfake/provenance.py). Here each rule gets an input function that compares the record
with the present config and files when Snakemake considers a job, and forces the job if they don't fit; and a
parameter `record`, which hands the program what its record needs. With results in remote storage there are no
records.
"""

import functools
import inspect
import json
import os
from pathlib import PurePosixPath

from snakemake.io import is_flagged
from snakemake.iocontainers import Wildcards

from deepfake import provenance

DERIVED = {"input", "output", "threads", "resources"}  # arguments of a parameter that isn't a setting

# outputs that force_if_stale made Snakemake force, and not an option of the command line
forced_here = set()
reasons_shown = set()


def record_path(rule, wildcards):
    """Where the record of a job lies."""
    folders = [wildcards[name] for name in sorted(rule.wildcard_names)]
    return f"{PurePosixPath('results/provenance', rule_name(rule), *folders)}.json"


@functools.cache
def settings_params(rule):
    """The parameters of a rule that are settings, which don't depend on a job's files or resources."""
    derived = {
        n for n, v in rule.params.items() if callable(v) and DERIVED & {*inspect.signature(v).parameters}
    }
    return {name: value for name, value in rule.params.items() if name not in derived}


def job_settings(rule, wildcards):
    """The settings of a job, JSON text as what it holds, and the digest of its code."""
    settings = {}
    for name, value in settings_params(rule).items():
        if callable(value):
            value = value(wildcards)
            value = json.loads(value) if isinstance(value, str) and value[:1] == "{" else value
        settings[name] = value
    return settings, settings.pop("code")


@functools.cache
def producer(path):
    """The recorded rule that makes a file, or the folder that it lies in, and the job's wildcards; or None."""
    for candidate in (path, *map(str, PurePosixPath(path).parents)):
        for maker in recorded_rules:
            for output in maker.output:
                if found := candidate.startswith(output.constant_prefix()) and output.match(candidate):
                    return maker, Wildcards(fromdict=found.groupdict())
    return None


def deciding_inputs(rule, wildcards):
    """The inputs of a job that decide whether its outputs are current: those that no rule goes round.

    Inputs that are known only after a checkpoint has run are left out, and so the second value is False.
    """
    looking_only.append(True)
    try:
        files = rule.expand_input(wildcards)[0]  # with flags; `input` of a parameter function has lost them
    finally:
        looking_only.pop()
    known = [path for path in files if not is_flagged(path, "checkpoint_target")]
    return {str(path) for path in known if not is_flagged(path, "ancient")}, len(known) == len(files)


def why_stale(rule, wildcards, outputs):
    """Why `outputs`, those of a job, are not current, or "" if they are or there are none."""
    outputs = [output for output in outputs if not is_flagged(output, "temp")]
    record = record_path(rule, wildcards)
    exist = [Path(output).exists() for output in outputs]
    if not any(exist) and (rule.is_checkpoint or not outputs or not Path(record).exists()):
        return ""  # Snakemake decides whether they are needed
    if rule.is_checkpoint and not all(exist):
        return "a part of it is missing"  # other rules read the parts by themselves
    made = provenance.read_record(record)
    if reason := provenance.why_stale(record, made, *job_settings(rule, wildcards)):
        return reason
    recorded = made["inputs"]
    if "shard" not in rule.wildcard_names:  # the inputs of a shard have its name
        inputs, complete = deciding_inputs(rule, wildcards)
        if other := sorted(inputs ^ recorded.keys() if complete else inputs - recorded.keys()):
            return f"it was made from other inputs than now ({other[0]})"
    for path in recorded:
        if not Path(path).exists() and (maker := producer(path)) and maker[0].is_checkpoint:
            return f"{path}, which it was made from, is missing"
    return ""


def force_if_stale(rule):
    """An input function without files that makes Snakemake run a job whose outputs are not current."""

    def check(wildcards):
        if looking_only:
            return []
        if workflow.touch:
            provenance.adopt(job_of(rule, wildcards))
        elif is_run():
            outputs = rule.expand_output(wildcards)[0]
            reason = why_stale(rule, wildcards, outputs)
            if reason and not forced_here.issuperset(outputs):
                workflow.dag.forcefiles.update(outputs)
                forced_here.update(outputs)
                if (rule.name, reason) not in reasons_shown:
                    logger.info(f"{min(outputs)} will be made again: {reason}")
                    reasons_shown.add((rule.name, reason))
            elif not reason and not forced_here.isdisjoint(outputs):
                workflow.dag.forcefiles.difference_update(outputs)
                forced_here.difference_update(outputs)
        return []

    return check


def job_of(rule, wildcards):
    """What the program of a job needs to check its inputs and write its record."""
    settings, code = job_settings(rule, wildcards)
    inputs = {}
    for path in sorted(deciding_inputs(rule, wildcards)[0]):
        made = producer(path)
        inputs[path] = made and [record_path(*made), provenance.settings_digest(job_settings(*made)[0])]
    files = [str(path) for path in rule.expand_output(wildcards)[0] if not is_flagged(path, "temp")]
    record = {
        "record": record_path(rule, wildcards),
        "step": rule_name(rule),
        "settings": settings,
        "code": code,
    }
    return record | {"inputs": inputs, "outputs": files}


class Record:
    """A job as the text of `--record`, made when a command is formatted: few of the jobs of a graph are run."""

    def __init__(self, rule, wildcards):
        self.job = rule, wildcards

    def __format__(self, spec):
        return provenance.as_option(job_of(*self.job))


def record_of(rule):
    """A parameter function for a job's Record. It names `output`, so that it is no setting itself."""
    return lambda wildcards, output: Record(rule, wildcards)


def stale_results():
    """The outputs in results/ that exist and are not current, each with the reason, for `verify`.

    Shards and datasets that the config and the index no longer have are left out: nothing reads them. So is
    what was made from sources that aren't there now, such as those of a disk that isn't mounted.
    """
    reasons = {}
    for top, folders, files in os.walk("results"):
        made = {name: producer(str(PurePosixPath(top, name))) for name in sorted([*folders, *files])}
        for name, job in made.items():
            if job and record_path(*job) not in reasons and is_in_index(job[1]) and has_sources(*job):
                reasons[record_path(*job)] = (
                    f"{PurePosixPath(top, name)}: {why_stale(*job, job[0].expand_output(job[1])[0])}"
                )
        folders[:] = [name for name in folders if not made[name] and not name.startswith(".")]
    return [reason for reason in reasons.values() if not reason.endswith(": ")]


def is_in_index(wildcards):
    """Whether the index has the shard that the wildcards of a job name, if they name one."""
    table = "results/index/{w.corpus}/{w.shard}.csv"
    return "shard" not in wildcards.keys() or Path(table.format(w=wildcards)).exists()


def has_sources(rule, wildcards):
    """Whether the files of a user's own that a job reads are there, so that its outputs can be judged."""
    try:
        name = rule_name(rule)
        if name == "index":
            check_corpus(config, wildcards.corpus)
        elif name == "detect":
            check_media(config, wildcards.media, made_for(wildcards))
        elif name == "submit":
            check_submission(config, SECTIONS[wildcards.file])
    except UserError:
        return False
    return True


recorded_rules = []
for each in list(workflow.rules):
    if each in workflow.modifier.rules and "{params.record" in (each.shellcmd or ""):  # no other module's
        if workflow.storage_settings.default_storage_provider:
            each.set_params(record=[])
        else:
            recorded_rules.append(each)
            each.set_input(provenance=force_if_stale(each))
            each.set_params(record=record_of(each))
