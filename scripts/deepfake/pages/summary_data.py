"""What the one-page report says: read from what the steps before it wrote, and put in order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pandas as pd

from deepfake.audit.attrition import KEYS, STEPS
from deepfake.evaluation.bootstrap import ENOUGH

LEVELS = ("video", "frame")
UNITS = {"person": ("person", "people"), "group": ("group", "groups"), "video": ("video", "videos")}
FEW = 30
"""Videos of a split; with fewer, one video more or less on the right side changes the numbers a lot."""

NEEDED = {
    "kept": ("images", "bytes", "splits"),
    "audit": ("checks", "passed", "images", "splits", "parts", "class_weights"),
    "choice": ("chosen", "by", "candidates"),
    "metrics": ("threshold", "splits"),
    "facts": ("parameters", "training", "dataset", "versions"),
    "model": ("arch", "geometry", "mean", "std"),
    "ensemble": ("members", "geometries", "views", "temperature"),
}
PICTURES = (
    "roc.svg precision_recall.svg confusion.svg calibration.svg histogram.svg"
    " robustness.svg mistakes.png gradcam.png"
).split()
"""In a model's folder of reports; a trained one's curves.svg lies in its folder of training."""


class BadReport(ValueError):
    """A file that the report is made of is absent, or isn't what it should be; the message names it."""


@dataclass(frozen=True)
class Model:
    """One model or ensemble: `metrics` of evaluate, `facts` of its checkpoint.

    `history` is that of its training; an ensemble's is empty.
    """

    name: str
    metrics: dict
    history: list[dict]
    facts: dict
    reports: Path
    training: Path
    validation: float | None  # the number it was chosen by

    @property
    def is_ensemble(self) -> bool:
        return "members" in self.facts

    @property
    def epoch(self) -> int | None:
        """The best one, which the checkpoint is of."""
        return self.facts.get("metrics", {}).get("epoch")

    @property
    def speed(self) -> float | None:
        """Images a second in training, of a middling epoch."""
        return median(row["images_per_second"] for row in self.history) if self.history else None


@dataclass(frozen=True)
class Summary:
    """All of it; `models` are in the order that they were ranked in by validation, the best first."""

    dataset: Path
    kept: dict
    audit: dict
    audit_page: str
    losses: pd.DataFrame
    attrition_picture: Path
    choice: dict
    models: list[Model]
    cross: pd.DataFrame | None = None
    cross_picture: Path | None = None
    config: dict = field(default_factory=dict)

    @property
    def chosen(self) -> Model:
        return next(model for model in self.models if model.name == self.choice["chosen"])


def read_summary(
    dataset: Path,
    kept: Path,
    audit: Path,
    attrition: Path,
    attrition_picture: Path,
    choice: Path,
    models: Sequence[tuple[str, Path, Path]],
    cross: Path | None = None,
    cross_picture: Path | None = None,
    config: dict | None = None,
    audit_page: str | None = None,
) -> Summary:
    """Read everything; `models` are names, folders of reports and folders of training.

    `audit_page` is only named, not read; by default it is audit.html beside the JSON. Raises BadReport for a
    file that is absent or lacks a key, and where the chosen model isn't among `models`.
    """
    chosen = _read(choice, "choice")
    if chosen["chosen"] not in [name for name, _, _ in models]:
        known = ", ".join(name for name, _, _ in models)
        raise BadReport(f"{choice}: {chosen['chosen']!r} is chosen, but the report is given {known}; add it")
    found = [_model(name, reports, training, chosen) for name, reports, training in models]
    ranks = {candidate["model"]: rank for rank, candidate in enumerate(chosen["candidates"])}
    found.sort(key=lambda m: (ranks.get(m.name, len(ranks)), m.name))
    pictures = [dataset / "contact_sheet.png", attrition_picture, *([cross_picture] if cross_picture else [])]
    best = next(model for model in found if model.name == chosen["chosen"])
    pictures += [] if best.is_ensemble else [best.training / "curves.svg"]
    pictures += [best.reports / name for name in PICTURES]
    for picture in pictures:
        if not picture.is_file():
            raise BadReport(f"{picture} is not there; run the step that draws it")
    return Summary(
        dataset=dataset,
        kept=_read(kept, "kept"),
        audit=_read(audit, "audit"),
        audit_page=audit_page or str(audit.with_suffix(".html")),
        losses=_losses(attrition),
        attrition_picture=attrition_picture,
        choice=chosen,
        models=found,
        cross=_table(cross) if cross else None,
        cross_picture=cross_picture,
        config=config or {},
    )


def _model(name: str, reports: Path, training: Path, choice: dict) -> Model:
    candidate = next((c for c in choice["candidates"] if c["model"] == name), {})
    facts = _read(training / "facts.json", "facts")
    kind = "ensemble" if "members" in facts else "model"
    _check(training / "facts.json", facts, NEEDED[kind])
    history = [] if kind == "ensemble" else _json(training / "history.json")
    if not isinstance(history, list) or any("images_per_second" not in row for row in history):
        raise BadReport(f"{training / 'history.json'}: must be a list of epochs with images_per_second")
    return Model(
        name=name,
        metrics=_read(reports / "metrics.json", "metrics"),
        history=history,
        facts=facts,
        reports=reports,
        training=training,
        validation=candidate.get("f1_macro"),
    )


def _json(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadReport(f"{path} is not there; run the step that writes it") from None
    except ValueError as error:
        raise BadReport(f"{path} is no JSON: {error}") from None


def _read(path: Path, kind: str) -> dict:
    found = _json(path)
    _check(path, found, NEEDED[kind])
    return found


def _check(path: Path, found: object, needed: Sequence[str]) -> None:
    lacking = [key for key in needed if not isinstance(found, dict) or key not in found]
    if lacking:
        raise BadReport(f"{path}: no key {', '.join(lacking)}; run the step that writes it again")


def _table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise BadReport(f"{path} is not there; run the step that writes it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadReport(f"{path} is no table: {error}") from None


def _losses(path: Path) -> pd.DataFrame:
    counts = ["videos_in", "videos_on", "images_in", "images_on"]
    table = _table(path)
    if lacking := [name for name in [*KEYS, "step", *counts, "warning"] if name not in table]:
        raise BadReport(f"{path}: no column {', '.join(lacking)}; run attrition again")
    return table.assign(**{name: pd.to_numeric(table[name].replace("", "0")).astype(int) for name in counts})


def videos(kept: dict) -> int:
    """Videos of a dataset; none stands in two splits."""
    return sum(n["videos"] for classes in kept["splits"].values() for n in classes.values())


def short_losses(losses: pd.DataFrame) -> pd.DataFrame:
    """A row for each corpus and class: videos and images found and kept, and images lost at each step.

    Columns are corpus, class, videos, videos_kept, images, images_kept, and those of STEPS where anything
    was lost. Images are counted from the step after the index on, which knows of none.
    """
    rows = []
    for (corpus, label), part in losses.groupby(["corpus", "class"], sort=True):
        by_step = part.groupby("step")[["videos_in", "videos_on", "images_in", "images_on"]].sum()
        steps = [step for step in STEPS if step in by_step.index]
        first, last = by_step.loc[steps[0]], by_step.loc[steps[-1]]
        images = by_step.loc[steps[1:2], "images_in"].sum()
        lost = (by_step["images_in"] - by_step["images_on"]).reindex(STEPS[1:], fill_value=0)
        kept = {"videos_kept": last["videos_on"], "images": images, "images_kept": last["images_on"]}
        rows.append({"corpus": corpus, "class": label, "videos": first["videos_in"], **kept, **lost})
    table = pd.DataFrame(rows)
    return table.drop(
        columns=[step for step in STEPS[1:] if not len(table) or not table[step].any()], errors="ignore"
    )


def warnings(losses: pd.DataFrame) -> list[str]:
    """Each of the table's warnings once, in order."""
    return list(dict.fromkeys(text for texts in losses["warning"] if texts for text in texts.split("; ")))


def judged(metrics: dict) -> str | None:
    """The split that the numbers are of: test, or val where there is no test, or None."""
    return next((split for split in ("test", "val") if metrics["splits"].get(split)), None)


def numbers(model: Model, level: str, metric: str, split: str | None = None) -> dict[str, float | None]:
    """`value`, `low` and `high` of one metric, all None where it isn't defined."""
    split = split or judged(model.metrics)
    block = (model.metrics["splits"].get(split) or {}).get(level, {})
    return block.get("metrics", {}).get(metric) or {"value": None, "low": None, "high": None}


def units(model: Model) -> str:
    """What the intervals of test are drawn over, such as "24 people and 2 groups"; "" without test."""
    found = (model.metrics["splits"].get("test") or {}).get("units", {})
    return " and ".join(f"{number:,} {UNITS[kind][number > 1]}" for kind, number in found.items() if number)


def few(model: Model) -> str:
    """The same, led by "from", where these are too few for an interval to say much; else ""."""
    found = (model.metrics["splits"].get("test") or {}).get("units", {})
    return f"from {units(model)}" if 0 < sum(found.values()) < ENOUGH else ""


def mistakes(model: Model) -> int | None:
    """How many images of the judged split stand on the wrong side of the threshold."""
    block = (model.metrics["splits"].get(judged(model.metrics)) or {}).get("frame")
    accuracy = numbers(model, "frame", "accuracy")["value"]
    return None if block is None or accuracy is None else round(block["images"] * (1 - accuracy))
