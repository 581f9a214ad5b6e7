"""`layout: auto`: the layout that a corpus's own files tell, in the config as if it were written there."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from deepfake.config.paths import archive_paths, label_paths
from deepfake.corpora.archives import ARCHIVE_LIMITS, SourceError
from deepfake.corpora.fit import Choice, Fit
from deepfake.corpora.index import label_entries
from deepfake.corpora.recognise import open_listing, recognise
from deepfake.errors import UserError

AUTO = "auto"
DEPTH, MOST = 2, 1000  # folders whose times tell whether a corpus has changed since its layout was found
NEAREST = 2  # layouts that are named where none fits


def resolve_layouts(config: dict, known: Path) -> list[str]:
    """Set `layout`, and for layout csv `columns`, of each corpus with `layout: auto`, in place.

    `config` is checked. `known` is a JSON file of layouts that were found before: a corpus is looked at again
    only where its files have changed. Returns a line for each corpus. Raises UserError where two layouts fit,
    or none does.
    """
    wanted = [name for name, corpus in config["corpora"].items() if corpus["layout"] == AUTO]
    if not wanted:
        return []
    limits = {key: config["limits"][key] for key in ARCHIVE_LIMITS}
    found, lines = _read(known), []
    for name in wanted:
        corpus = config["corpora"][name]
        version = _version([*archive_paths(corpus), *label_paths(corpus)])
        if version not in found:
            fit = _find(name, corpus, limits)
            found[version] = {"layout": fit.layout, "columns": fit.columns}
            found[version]["why"] = f"{round(fit.used)} of {round(fit.total)} files looked at fit"
            _write(known, found)
        corpus["layout"] = found[version]["layout"]
        if columns := found[version]["columns"]:
            corpus["columns"] = {"attributes": [], **columns}
        lines.append(f"corpora.{name}: layout {corpus['layout']}, {found[version]['why']}")
    return lines


def _find(name: str, corpus: dict, limits: dict) -> Fit:
    key, paths = f"corpora.{name}.layout", archive_paths(corpus)
    for path in [*paths, *label_paths(corpus)]:
        if not os.path.exists(path):
            raise UserError(f"{key}: auto looks at the files, and {path} doesn't exist; name the layout")
    try:
        with open_listing(paths, limits) as listing:
            choice = recognise(listing, label_entries(label_paths(corpus)))
    except SourceError as error:
        raise UserError(f"{key}: auto can't look at the files: {error}") from None
    if choice.best:
        return choice.best
    raise UserError(f"{key}: {_problem(choice)}; `python scripts/suggest.py {paths[0]}` says more")


def _problem(choice: Choice) -> str:
    if choice.rivals:
        names = [f"{fit.layout} ({round(fit.used)} of {round(fit.total)} files)" for fit in choice.rivals]
        return f"auto can't choose, as {' and '.join(names)} fit; write one of them"
    nearest = [fit for fit in choice.fits if fit.used or fit.error][:NEAREST]
    shown = [
        f"{fit.layout} ({fit.error or f'{round(fit.used)} of {round(fit.total)} files'})" for fit in nearest
    ]
    came = f", and {' and '.join(shown)} came nearest" if shown else ""
    return f"auto finds no layout that fits{came}; name one, or write a table for layout csv"


def _version(paths: list[str]) -> str:
    """Return a digest of paths, sizes and times, of folders with those of the folders in them."""
    digest = hashlib.sha256()
    for path in paths:
        for inner in _with_folders(path):
            try:
                status = os.stat(inner)
                version = f"{status.st_mtime_ns}\0{0 if os.path.isdir(inner) else status.st_size}"
            except OSError as error:
                version = type(error).__name__
            digest.update(f"{os.path.abspath(inner)}\0{version}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _with_folders(path: str) -> Iterator[str]:
    todo, number = [(path, 0)], 0
    while todo and number < MOST:
        folder, depth = todo.pop(0)
        yield folder
        number += 1
        if depth < DEPTH:
            try:
                with os.scandir(folder) as found:
                    inner = sorted(child.path for child in found if child.is_dir())
            except OSError:
                continue
            todo += [(child, depth + 1) for child in inner]


def _read(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, found: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(found, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(temporary, path)
