"""Paths in the configuration: `~` and environment variables are expanded; patterns match files."""

import glob
import os
import re
from collections.abc import Iterator

from deepfake.networks.settings import WEIGHTS_SUFFIXES
from deepfake.windows import explain_windows_path

PATH_KEYS = (
    "corpora.*.folder",
    "corpora.*.archives.*",
    "corpora.*.label_files.*",
    "corpora.*.faces.model",
    "faces.model",
    "people.model",
    "datasets.*.splits.from",
    "datasets.*.same_identity",
    "datasets.*.different_people",
    "models.*.weights",
    "models.*.arch",
    "scores.*.table",
    "media.*.folder",
    "audits.*.folder",
    "media.*.archives.*",
    "media.*.list",
    "media.*.model",
    "media.*.faces.model",
    "submissions.*.list",
    "submissions.*.sample",
    "submissions.*.folder",
    "submissions.*.archives.*",
    "containers.*",
)
"""Every key that holds a path; `*` is any key, or any entry of a list."""

HUGGING_FACE = "hf/"
VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)
WILDCARD = re.compile(r"\{\s*[.\w]+\s*(?:,[^{}]*)?\}")
"""What Snakemake takes for a wildcard in the path of a file."""


def expand_paths(config: dict) -> Iterator[str]:
    """Replace `~`, `$NAME` and `${NAME}` in all paths of a config in place; yield a line for each failure.

    A path that exists as it is written stays as it is. So does text that is no path, such as the name of
    pretrained weights. Paths of Windows are failures, too.
    """
    for holder, key, name in _path_entries(config):
        prefix = HUGGING_FACE if name.endswith(".arch") else ""
        if not isinstance(holder[key], str) or not holder[key].startswith(prefix):
            continue
        path = holder[key].removeprefix(prefix)
        if "\0" in path:
            yield f"{name}: {path!r} can't be used, it has a null character; write a path"
        elif not os.path.lexists(path):
            if advice := explain_windows_path(path):
                yield f"{name}: {path}: {advice}"
                continue
            expanded = os.path.expanduser(VARIABLE.sub(_value, path))
            yield from (f"{name}: {path}: {problem}" for problem in _problems(path, expanded))
            path = expanded
        # a name that starts with a hyphen would be taken for an option of the step's program
        holder[key] = prefix + (os.path.abspath(path) if path.startswith("-") else path)


def variables_in_paths(config: dict) -> set[str]:
    """Return the names of the environment variables that are set and used in the paths of a config."""
    texts = [str(holder[key]) for holder, key, _ in _path_entries(config)]
    names = {first or second for text in texts for first, second in VARIABLE.findall(text)}
    return names & set(os.environ)


def files_of_pattern(pattern: str) -> list[str]:
    """Return the files that a path or pattern matches, sorted. A path that exists is no pattern."""
    return [pattern] if os.path.lexists(pattern) else sorted(glob.glob(pattern, recursive=True))


def archive_paths(corpus: dict) -> list[str]:
    """Return the paths that a corpus's `archives` match, or its `folder`; sorted, without duplicates.

    A pattern that matches nothing is returned itself, so that the error about a missing file names it.
    """
    if corpus.get("folder"):
        return [corpus["folder"]]
    return sorted({path for pattern in corpus["archives"] for path in files_of_pattern(pattern) or [pattern]})


def label_paths(corpus: dict) -> list[str]:
    """Return the paths that a corpus's `label_files` match; sorted, without duplicates.

    A pattern that matches nothing is returned itself, as in `archive_paths`.
    """
    patterns = corpus["label_files"] or []
    return sorted({path for pattern in patterns for path in files_of_pattern(pattern) or [pattern]})


def is_weights_file(weights: str) -> bool:
    """Return whether a model's `weights` means a file, and not a name of published weights."""
    return "/" in weights or weights.lower().endswith(WEIGHTS_SUFFIXES)


def _value(match: re.Match) -> str:
    """Return the value of an environment variable, or the text itself if it isn't set."""
    return os.environ.get(match[1] or match[2], match[0])


def _problems(path: str, expanded: str) -> Iterator[str]:
    unset = [first or second for first, second in VARIABLE.findall(path)]
    unset = [name for name in unset if name not in os.environ]
    if unset:
        names = " and ".join(f"${name}" for name in dict.fromkeys(unset))
        yield f"the environment has no {names}; export it, or write the path itself"
    elif expanded.startswith("~"):
        yield f"no user has the home folder {expanded.split('/')[0]}; write the path itself"


def _path_entries(config: dict) -> Iterator[tuple[dict | list, str | int, str]]:
    """Yield each path of a config as its container, its key there, and its name such as `faces.model`."""
    for pattern in PATH_KEYS:
        yield from _matches(config, pattern.split("."), "")


def _matches(value: object, pattern: list[str], name: str) -> Iterator[tuple[dict | list, str | int, str]]:
    first, *rest = pattern
    if isinstance(value, dict):
        keys = list(value) if first == "*" else [first] * (first in value)
    else:
        keys = range(len(value)) if isinstance(value, list) and first == "*" else []
    for key in keys:
        # entries of a list share the name of their key: users know it by that
        inner = name if isinstance(value, list) else f"{name}.{key}".lstrip(".")
        if rest:
            yield from _matches(value[key], rest, inner)
        else:
            yield value, key, inner
