"""Config files as they are written: keys that stand twice, of which YAML would take the last in silence."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from deepfake.errors import UserError


def check_files(paths: Iterable[str | Path]) -> None:
    """Raise UserError with the file, the key and both lines for each key that stands twice in a mapping.

    A file that can't be read, or is neither YAML nor JSON, is left to Snakemake's own error.
    """
    errors = [error for path in dict.fromkeys(map(os.path.realpath, paths)) for error in _repeated_keys(path)]
    if errors:
        raise UserError(
            "the configuration can't be used:\n" + "\n".join(f"  {line}" for line in dict.fromkeys(errors))
        )


def _repeated_keys(path: str) -> Iterator[str]:
    try:
        # tabs are spaces in JSON, and no YAML file that can be read has them between its tokens
        loader = yaml.SafeLoader(Path(path).read_text(encoding="utf-8-sig").replace("\t", " "))
        root = loader.get_single_node()
    except (OSError, ValueError, yaml.YAMLError):
        return
    seen, nodes = set(), [("", root)]
    while nodes:
        name, node = nodes.pop()
        if id(node) in seen:  # an anchor's node is reached from each of its aliases
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += [(name, item) for item in node.value]
        elif isinstance(node, yaml.MappingNode):
            yield from _repeated(path, name, node)
            nodes += [(f"{name}.{key.value}".lstrip("."), value) for key, value in node.value]


def _repeated(path: str, name: str, node: yaml.MappingNode) -> Iterator[str]:
    """Yield a line for each key that stands in a mapping again; `name` is the mapping's own key."""
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        first = lines.setdefault((key.tag, str(key.value)), 0)
        lines[key.tag, str(key.value)] = line
        if first:
            inner = f"{name}.{key.value}".lstrip(".")
            where = f"lines {first} and {line}" if first != line else f"line {line} twice"
            yield f"{path}: {inner} is in {where}, and the first would be ignored; put both into one"
