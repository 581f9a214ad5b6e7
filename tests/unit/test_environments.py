"""Environments and images: in step with requirements.txt, and enough for the code that runs in them."""

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deepfake.code_digest import imported_files

STACKS = ["media", "torch"]
RULES = {
    name: body
    for path in sorted((ROOT / "rules").glob("*.smk"))
    for name, body in re.findall(
        r"^(?:rule|checkpoint) (\w+):\n((?:(?: +.*)?\n)+)", path.read_text(encoding="utf-8"), re.MULTILINE
    )
}
SPEC = re.compile(r"(?P<name>[a-z0-9_][a-z0-9_.-]*)=(?P<version>[0-9][a-z0-9_.]*)")
"""A package's name and its version, of conda's match specification `name=version`."""
ON_CONDA = {  # what conda-forge calls packages that PyPI calls otherwise
    "dlib-bin": "dlib",
    "Jinja2": "jinja2",
    "lightning-fabric": "pytorch-lightning",
    "matplotlib": "matplotlib-base",
    "opencv-python-headless": "py-opencv",
    "torch": "pytorch",
}
MODULES = {"PIL": "pillow", "cv2": "opencv-python-headless", "dlib": "dlib-bin", "jinja2": "Jinja2"}
MODULES |= {"lightning_fabric": "lightning-fabric", "charset_normalizer": "charset-normalizer"}
MODULES |= {"pillow_heif": "pillow-heif"}
"""Packages whose modules have other names."""

OPTIONAL = {"train": {"pytorch_lightning", "wandb"}}
"""Modules of requirements/, without which a rule does what it does by default."""


def environment(stack: str) -> dict:
    return yaml.safe_load((ROOT / f"envs/{stack}.yaml").read_text(encoding="utf-8"))


def dependencies(stack: str) -> tuple[list[str], list[str]]:
    """What conda installs, and what pip then does: packages that conda-forge lacks."""
    *specs, by_pip = environment(stack)["dependencies"]
    assert set(by_pip) == {"pip"}
    return specs, by_pip["pip"]


def in_environment(stack: str) -> dict[str, str]:
    """Versions by package, without Python and pip themselves."""
    specs, by_pip = dependencies(stack)
    versions = dict(spec.split("=") for spec in specs) | dict(spec.split("==") for spec in by_pip)
    assert versions.pop("python") == "3.11" and versions.pop("pip")
    return versions


def on_pypi(file: str = "requirements.txt") -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lines, re.MULTILINE))


def in_image(stack: str) -> list[str]:
    text = (ROOT / f"envs/{stack}.Containerfile").read_text(encoding="utf-8")
    return re.search(r'^ARG PACKAGES="(.*)"$', text, re.MULTILINE)[1].split()


def stack_of(rule: str) -> str:
    return re.search(r'^    conda:\n        "\.\./envs/(\w+)\.yaml"$', RULES[rule], re.MULTILINE)[1]


def imported(script: Path) -> set[str]:
    """The modules of others, by their first names, that a script imports, directly or not."""
    names = set().union(*map(imported_by, imported_files(script)))
    return names - set(sys.stdlib_module_names) - {"deepfake"}


@cache
def imported_by(path: Path) -> set[str]:
    """The modules, by their first names, that a file itself imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {
        alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    return names | {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("stack", STACKS)
def test_conda_can_read_it(stack):
    found = environment(stack)
    assert set(found) == {"channels", "dependencies"}
    assert found["channels"] == ["conda-forge", "nodefaults"]
    specs, by_pip = dependencies(stack)
    assert [spec for spec in specs if not SPEC.fullmatch(spec)] == []
    names = [spec.split("=")[0] for spec in [*specs, *by_pip]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("stack", STACKS)
def test_versions_are_those_of_requirements(stack):
    wanted = {ON_CONDA.get(name, name): version for name, version in on_pypi().items()}
    found = in_environment(stack)
    # wheels count their own builds after the version that they package
    cut = {"py-opencv": r"\.\d+$", "dlib": r"\.post\d+$"}
    wanted |= {name: re.sub(end, "", wanted[name]) for name, end in cut.items()}
    assert found == {name: wanted.get(name) for name in found}


@pytest.mark.parametrize("stack", STACKS)
def test_the_image_holds_what_the_environment_holds(stack):
    names = in_image(stack)
    assert len(names) == len(set(names))
    assert {ON_CONDA.get(name, name) for name in names} == set(in_environment(stack))
    assert [name for name in names if name not in on_pypi()] == []


WORKFLOW = ["snakemake", "jsonschema", "Pygments", "PyYAML"]
"""What Snakemake itself and the checks of the config need; Pygments is for `snakemake --report`."""
IMPORTS = """
import re, runpy, sys
from importlib.metadata import packages_distributions
from pathlib import Path

def plain(name):
    return re.sub("[-_.]+", "-", name).lower()

pins = Path("requirements/dataset.txt").read_text(encoding="utf-8")
allowed = {plain(line.split("==")[0]) for line in pins.splitlines()} | {"setuptools"}
others = {m for m, packages in packages_distributions().items() if not allowed & set(map(plain, packages))}

class Absent:
    def find_spec(name, path=None, target=None):
        if name in others:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent)
sys.path.insert(0, "scripts")
for script in sorted(Path("scripts").glob("*.py")):
    runpy.run_path(str(script))
for rules in sorted(Path("rules").glob("*.smk")):
    for line in re.findall("^(?:from deepfake|import ).*", rules.read_text(encoding="utf-8"), re.MULTILINE):
        exec(line)
print(*sorted(others & {"torch", "timm", "transformers", "pytest"}))
"""
"""Imports what programs import at their start, and what rules do, with the packages for datasets alone."""


def needed_by(names: list[str]) -> set[str]:
    """The installed packages that some packages need, themselves included, by their canonical names."""
    found, new = set(), set(map(canonicalize_name, names))
    while new:
        found |= new
        needs = [Requirement(line) for name in new for line in requires(name) or []]
        new = {canonicalize_name(n.name) for n in needs if not n.marker or n.marker.evaluate({"extra": ""})}
        new -= found
    return found


def test_what_datasets_take_is_exactly_the_media_stack_and_snakemake():
    pins = on_pypi("requirements/dataset.txt")
    assert pins.items() <= on_pypi().items()
    assert set(map(canonicalize_name, pins)) == needed_by([*WORKFLOW, *in_image("media")])


def test_no_program_or_rule_imports_anything_else_before_it_is_needed():
    done = subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "pytest timm torch transformers\n"), done.stderr


def test_the_rules_that_are_said_to_need_torch_are_of_its_stack():
    text = (ROOT / "rules/common.smk").read_text(encoding="utf-8")
    names = set(re.search(r'^WITH_TORCH = set\("(.*)"\.split', text, re.MULTILINE)[1].split())
    assert names - {"train_left_out"} <= set(RULES)
    assert {stack_of(name) for name in names & set(RULES)} == {"torch"}


def test_rules_are_found():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))
    assert len(RULES) == len(re.findall(r"^(?:rule|checkpoint) ", text, re.MULTILINE)) > 10


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_names_environment_and_container_of_one_stack(rule):
    stack = stack_of(rule)
    assert stack in STACKS
    container = f'    container:\n        config["containers"]["{stack}"]\n'
    assert RULES[rule].count(container) == RULES[rule].count("    container:\n") == 1


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_has_all_that_its_code_imports(rule):
    names = re.findall(r'^        program=program\("(\w+\.py)"\)', RULES[rule], re.MULTILINE)
    assert len(names) == 1
    assert f'code=script_digest("{names[0]}")' in RULES[rule] and "{params.program:q}" in RULES[rule]
    modules = imported(ROOT / "scripts" / names[0])
    assert modules
    modules -= OPTIONAL.get(rule, set())
    missing = {MODULES.get(name, name) for name in modules} - set(in_image(stack_of(rule)))
    assert missing == set()


LINUX_ONLY = r"\b(?:nproc\b(?!-)|readlink -f|realpath|sed -i |date -d|stat -c|md5sum|sha1sum|timeout |tac )"
PAGES = [f"docs/{path.name}" for path in sorted(ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("file", ["Makefile", "README.md", *PAGES])
def test_what_users_run_needs_no_program_that_macos_lacks(file):
    assert re.findall(LINUX_ONLY, (ROOT / file).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", ["app", "loggers"])
def test_optional_packages_fit_beside_all_others(file):
    text = (ROOT / f"requirements/{file}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pins = on_pypi(f"requirements/{file}.txt")
    assert len(pins) == len(lines) and all("==" in line for line in lines)
    others = {canonicalize_name(name): version for name, version in on_pypi().items()}
    found = {canonicalize_name(name): version for name, version in pins.items()}
    assert {name: others[name] for name in found if name in others}.items() <= found.items()
    if file == "app":  # by which the tests run too
        assert found.items() <= others.items()
