"""The command line of Snakemake that makes a run's results again, with every option that decides them."""

import shlex
from collections.abc import Mapping, Sequence

OPTIONS = {
    "snakefile": "--snakefile",
    "directory": "--directory",
    "profile": "--profile",
    "workflow_profile": "--workflow-profile",
    "configfile": "--configfile",
    "config": "--config",
}
"""The options that say what is made, by the names under which Snakemake's parser returns them."""


def snakemake_command(options: Mapping[str, object], default_profile: str = "") -> str:
    """Return the command, quoted for a shell, for the `options` that Snakemake's parser returned.

    `options` has the keys of OPTIONS, each a text, a path, a list of them or None, and
    `replace_workflow_config`. `default_profile` is the environment's SNAKEMAKE_PROFILE, which counts unless
    `options` name a profile. All cores are used if no profile says where jobs run.
    """
    given = {key: _texts(options.get(key)) for key in OPTIONS}
    given["profile"] = given["profile"] or _texts(default_profile.split(",") if default_profile else None)
    words = ["snakemake", *([] if given["profile"] else ["--cores", "all"])]
    for key, option in OPTIONS.items():
        if key == "profile":  # once for each; the other options take a list
            words += [word for value in given[key] for word in (option, value)]
        elif given[key]:
            words += [option, *given[key]]
    if options.get("replace_workflow_config"):
        words.append("--replace-workflow-config")
    return shlex.join(words)


def _texts(value: object) -> list[str]:
    values: Sequence = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return [str(one) for one in values]
