"""The library's rooms: what each may use, no circles, and names that exist where they are imported from."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from conftest import ROOT

SCRIPTS = ROOT / "scripts"
LIBRARY = SCRIPTS / "deepfake"
ROOMS = [
    "layouts", "corpora", "extraction", "people", "plan", "dataset", "exports", "audit", "inputs",
    "evaluation", "networks", "checkpoints", "training", "config", "suggest", "detection", "pages",
    "submissions", "app", "demo",
]  # fmt: skip
"""In the order of a video's way: a room uses those before it, and the files beside the rooms."""
FILES = sorted(LIBRARY.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(SCRIPTS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Each module of the library that a file imports, with the name that it takes from it, or ""."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "deepfake":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole, "") if whole in MODULES else (node.module, alias.name)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "deepfake")


def room_of(module: str) -> str:
    """The room of a module; "" for the files beside the rooms."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (LIBRARY / parts[1]).is_dir() else ""


def names_in(path: Path) -> set[str]:
    """What a module defines at its top level."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def test_every_room_has_its_place():
    assert sorted(ROOMS) == sorted(path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists())


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_a_room_uses_only_those_before_it(room):
    allowed = {"", *ROOMS[: ROOMS.index(room) + 1]} if room else {""}
    later = {
        f"{module_of(path)} imports {module}"
        for path in FILES
        if room_of(module_of(path)) == room
        for module, _ in imports(path)
        if room_of(module) not in allowed
    }
    assert not later


def test_no_files_import_each_other_in_a_circle():
    graph = {module_of(path): {module for module, _ in imports(path)} for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("folder", ["scripts", "tests", "rules"])
def test_imported_names_exist(folder):
    files = [path for path in (ROOT / folder).rglob("*.py")]
    missing = [
        f"{path.relative_to(ROOT)}: {module} has no {name or 'such module'}"
        for path in files
        for module, name in imports(path)
        if module not in MODULES or (name and name not in names_in(MODULES[module]))
    ]
    assert not missing


def test_the_order_of_the_rooms_is_described():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.search(r"^    layouts → .*?\n\n", text, re.DOTALL | re.MULTILINE)[0].split()[::2] == ROOMS


def test_no_name_in_the_rules_means_two_things():
    """All files of rules/ share one namespace; a later definition would replace an earlier one unnoticed."""
    meanings: dict[str, set[str]] = {}
    for file in sorted((ROOT / "rules").glob("*.smk")):
        text = file.read_text(encoding="utf-8")
        for name in re.findall(r"^(?:def|class) (\w+)", text, re.MULTILINE):
            meanings.setdefault(name, set()).add(f"{file.name}: {name}")
        for module, names in re.findall(r"^(?:from ([\w.]+) )?import (.+)$", text, re.MULTILINE):
            for name in names.split(", "):
                meanings.setdefault(name.split(" as ")[-1], set()).add(f"{module} {name}")
    assert len(meanings) > 50
    assert not {name: sorted(twice) for name, twice in meanings.items() if len(twice) > 1}
