"""The README, the pages under docs/ and the graphs describe what exists."""

import re

import pytest
import yaml
from conftest import ROOT

from deepfake.config.check import check_config
from deepfake.exports import EXPORTS
from deepfake.extraction.sampling import STRATEGIES
from deepfake.layouts.registry import LAYOUTS
from deepfake.training.augmentation_settings import OPERATIONS, SETS

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted(ROOT.glob("docs/*.md")) + [ROOT / "profiles/README.md"]
RULES = sorted(
    set(
        re.findall(
            r"^(?:rule|checkpoint) (\w+):", "".join(p.read_text() for p in ROOT.glob("rules/*.smk")), re.M
        )
    )
)
LINKS = [
    (page.relative_to(ROOT).as_posix(), link)
    for page in PAGES
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    if not link.startswith("http")
]


def page(name: str) -> str:
    return (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")


def headings(text: str) -> set[str]:
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_there_are_rules():
    assert len(RULES) >= 8


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 200


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_in_a_graph_and_has_a_script(rule):
    drawn = "".join((ROOT / f"docs/{name}.dot").read_text() for name in ("graph", "models"))
    assert re.search(rf"^\s*{rule} \[", drawn, re.M)
    assert (ROOT / f"scripts/{rule}.py").is_file()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_described(layout):
    (entry,) = re.findall(rf"^## {layout}\n(.*?)(?=^## |\Z)", page("layouts"), re.M | re.S)
    fields = re.findall(r"^- \*\*(.+?)\*\*: \S", entry, re.M)
    assert fields == ["Get it", "Read", "Label", "Groups", "Splits", "Licence", "Source"]
    assert f"`{layout}`" in README


def test_the_layouts_are_in_order():
    described = re.findall(r"^## ([a-z0-9]+)$", page("layouts"), re.M)
    assert described == sorted(described) == sorted(LAYOUTS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_of_augmentation_is_described_with_its_values(name):
    (line,) = re.findall(rf"^\| `{name}` \|.*$", page("training"), re.M)
    *_, light, strong = (cell.strip() for cell in line.strip("|").split("|"))

    def written(value: object) -> str:
        if isinstance(value, dict):
            return f"{written(value['value'])}, p {value['probability']:g}"
        return f"[{value[0]:g}, {value[1]:g}]" if isinstance(value, list) else f"{value:g}"

    sets = [SETS[key].get(name) for key in ("light", "strong")]
    assert [light, strong] == ["" if value is None else written(value) for value in sets]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_is_described(strategy):
    assert f"| `{strategy}` |" in page("faces")


@pytest.mark.parametrize("name", EXPORTS)
def test_each_export_is_a_target(name):
    assert f"`results/exports/<dataset>/{name}`" in page("targets")


@pytest.mark.parametrize("name", [path.stem for path in sorted(ROOT.glob("docs/*.md"))])
def test_the_readme_lists_each_page(name):
    assert f"[{name}](docs/{name}.md)" in README


@pytest.mark.parametrize("room", [p.parent.name for p in sorted(ROOT.glob("scripts/deepfake/*/__init__.py"))])
def test_the_readme_lists_each_room_of_the_library(room):
    assert re.search(rf"^  {room}/ ", README, re.M)


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_links_lead_somewhere(name, link):
    path, _, anchor = link.partition("#")
    target = (ROOT / name).parent / path if path else ROOT / name
    assert target.exists()
    assert not anchor or anchor in headings(target.read_text(encoding="utf-8"))


def test_its_example_config_is_one():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    mine = yaml.safe_load(re.search(r"```yaml\n(.*?)```", README, re.S).group(1))
    for section, added in mine.items():
        config[section] |= added
    for model in config["models"].values():
        if model["arch"] == "hf/baseline/vit":  # a folder of the reader's own
            model |= {"arch": "meso4", "head": None}
    check_config(config, yaml.safe_load((ROOT / "rules/config.schema.yaml").read_text()))


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)|`make (\w+)`", README, re.M))
def test_the_make_targets_are_there(target):
    assert re.search(rf"^{''.join(target)}:", (ROOT / "Makefile").read_text(), re.M)
