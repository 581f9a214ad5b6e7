"""recipe.yaml and CITATION.cff: how to rebuild a dataset with its splits.csv, and how to cite it.

Both have names, settings, versions and digests, and nothing of the images themselves. CITATION.cff follows
the Citation File Format 1.2.0 (citation-file-format.github.io).
"""

import json
import math
import re

import pandas as pd

from deepfake.dataset.terms import terms_of
from deepfake.tables import CLASSES

PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
NO_TEXT = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}  # to YAML 1.1
NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

WORKFLOW = "deepfake-workflow: leak-free face datasets from deepfake corpora"
"""The title of the workflow in its own CITATION.cff."""


def frames_factors(index: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return for each corpus how many times `frames.count` the videos of each class give.

    `index` has corpus, label, frames_base and frames_wanted, all text. Corpora without a count have none.
    """
    counted = index[index["frames_wanted"] != ""]
    factors: dict[str, dict[str, int]] = {}
    columns = ["corpus", "label", "frames_wanted", "frames_base"]
    for corpus, label, wanted, base in counted[columns].drop_duplicates().itertuples(index=False):
        factors.setdefault(corpus, {})[CLASSES[label]] = int(wanted) // int(base)
    return {corpus: dict(sorted(known.items())) for corpus, known in sorted(factors.items())}


def without_paths(steps: dict[str, dict[str, dict]]) -> dict[str, dict[str, dict]]:
    """Return the settings by corpus and step without the path of a detector's model; its SHA-256 tells it."""
    return {
        corpus: {step: {k: v for k, v in known.items() if k != "model"} for step, known in own.items()}
        for corpus, own in steps.items()
    }


def recipe_yaml(name: str, settings: dict, made: dict, factors: dict[str, dict[str, int]]) -> str:
    """Return the recipe of the dataset `name`, a config file.

    `settings` is the result of config.recipe.recipe_settings. `made` has digest, code and versions.
    """
    config = json.loads(json.dumps(settings["config"]))
    for corpus, known in factors.items():
        if corpus in config["corpora"]:
            config["corpora"][corpus]["frames_factor"] = known
    known = {"digest": made["digest"]}
    if settings["fractions"]:
        known["fractions"] = settings["fractions"]
    known |= {"steps": settings["steps"], "code": made["code"], "versions": made["versions"]}
    config["datasets"][name]["splits"] = {"from": "splits.csv", "made": known}
    head = [
        f"# The recipe of the dataset {name}, whose splits have the digest",
        f"# {made['digest']}",
        "# Lay it over a config that says where your corpora lie, with splits.csv in the working folder:",
        f"#     snakemake --cores 8 results/{name} --configfile mine.yaml recipe.yaml",
        "#     snakemake --cores 8 verify --configfile mine.yaml recipe.yaml    # what differs, and why",
    ]
    if settings["asks"]:
        head += ["# mine.yaml must say:", *(f"#     {line}" for line in settings["asks"])]
    return "\n".join(head) + "\n\n" + "\n".join(mapping_as_yaml(config)) + "\n"


def citation_cff(name: str, made: dict, rows: pd.DataFrame, cfg: dict) -> str:
    """Return the CITATION.cff of the recipe of the dataset `name`.

    `made` has digest and versions; `rows` are those of tables.PLAN for the dataset's images; `cfg` is the
    dataset's section of the config.
    """
    size = f"{len(rows)} images of {rows.groupby(['corpus', 'video']).ngroups} videos"
    installed = ", ".join(f"{key} {number}" for key, number in made["versions"].items())
    papers = sorted({terms_of(corpus, cfg["families"]).paper for corpus in cfg["corpora"]} - {""})
    citation = {
        "cff-version": "1.2.0",
        "message": "To cite: this recipe, the corpora that it is made of, and the workflow.",
        "type": "dataset",
        "title": f"{name}: a recipe for a dataset of real and fake faces",
        "abstract": f"{size} from {', '.join(cfg['corpora'])}, made with {installed}.",
        "version": made["digest"][:12],
        "identifiers": [
            {
                "type": "other",
                "value": f"sha256:{made['digest']}",
                "description": "The digest of its splits, that of the first seven columns of splits.csv.",
            }
        ],
        "authors": [{"name": f"The authors of {name}"}],
        "references": [
            {
                "type": "software",
                "title": WORKFLOW,
                "authors": [{"name": "The authors of deepfake-workflow"}],
            },
            *(_paper(text) for text in papers),
        ],
    }
    return "\n".join(mapping_as_yaml(citation)) + "\n"


def _paper(text: str) -> dict:
    """Return a reference of CFF for a paper such as "Li et al., Celeb-DF: ..., CVPR 2020"."""
    authors, _, title = text.partition(", ")
    return {"type": "article", "title": title, "authors": [{"name": authors}]}


def mapping_as_yaml(value: dict, depth: int = 0) -> list[str]:
    """Return the lines of a mapping in YAML, of which JSON is nearly a part; so no library is needed."""
    lines = []
    for key, inner in value.items():
        plain = PLAIN_KEY.fullmatch(key) and key.lower() not in NO_TEXT
        start = f"{'  ' * depth}{key if plain else _flow(key)}:"
        if isinstance(inner, dict) and inner:
            lines += [start, *mapping_as_yaml(inner, depth + 1)]
        else:
            lines.append(f"{start} {_flow(inner)}")
    return lines


def _flow(value: object) -> str:
    """Return a value as JSON that YAML 1.1 reads as the same."""
    if isinstance(value, float) and math.isfinite(value):
        mantissa, e, exponent = repr(value).partition("e")  # 1e-05 is text to YAML, and 1.0e-05 a number
        return mantissa + ("" if "." in mantissa or not e else ".0") + e + exponent
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    text = json.dumps(value, ensure_ascii=False)
    return NO_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
