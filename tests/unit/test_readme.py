"""The README and the graph speak of what is there."""

import re
from pathlib import Path

import pytest
import yaml

from deepfake.extraction.sampling import STRATEGIES
from deepfake.layouts import LAYOUTS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RULES = sorted(
    set(
        re.findall(
            r"^(?:rule|checkpoint) (\w+):", "".join(p.read_text() for p in ROOT.glob("rules/*.smk")), re.M
        )
    )
)


def test_there_are_rules():
    assert len(RULES) >= 8


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_in_a_graph_and_has_a_script(rule):
    drawn = "".join((ROOT / f"docs/{name}.dot").read_text() for name in ("graph", "models"))
    assert re.search(rf"^\s*{rule} \[", drawn, re.M)
    assert (ROOT / f"scripts/{rule}.py").is_file()


@pytest.mark.parametrize("word", [*LAYOUTS, *STRATEGIES])
def test_each_layout_and_strategy_is_described(word):
    assert f"| `{word}` |" in README


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_its_example_config_is_one(tmp_path):
    from deepfake.config.check import check_config

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    mine = yaml.safe_load(re.search(r"```yaml\n(.*?)```", README, re.S).group(1))
    for section, added in mine.items():
        config[section] |= added
    for model in config["models"].values():
        model["arch"] = model["arch"].replace("hf/baseline/vit", "meso4")  # a folder of the reader's own
    check_config(config, yaml.safe_load((ROOT / "rules/config.schema.yaml").read_text()))


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)|`make (\w+)`", README, re.M))
def test_the_make_targets_are_there(target):
    assert re.search(rf"^{''.join(target)}:", (ROOT / "Makefile").read_text(), re.M)
