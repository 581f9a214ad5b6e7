"""The files that the path patterns of the configuration match."""

import glob

from deepfake.errors import UserError


def archive_paths(corpus: dict) -> list[str]:
    """Return the paths that a corpus's `archives` match, or its `folder`; sorted, without duplicates.

    A pattern that matches nothing is returned itself, so that the error about a missing file names it.
    """
    if corpus.get("folder"):
        return [corpus["folder"]]
    matches = {pattern: glob.glob(pattern, recursive=True) or [pattern] for pattern in corpus["archives"]}
    return sorted({path for paths in matches.values() for path in paths})


def label_paths(config: dict, corpus: str) -> list[str]:
    """Return the paths that a corpus's `label_files` match; sorted, without duplicates.

    Raises UserError if a pattern matches nothing.
    """
    patterns = config["corpora"][corpus]["label_files"] or []
    matches = {pattern: glob.glob(pattern, recursive=True) for pattern in patterns}
    for pattern, paths in matches.items():
        if not paths:
            raise UserError(
                f"corpora.{corpus}.label_files: {pattern!r} fits no file; write a path or pattern"
            )
    return sorted({path for paths in matches.values() for path in paths})
