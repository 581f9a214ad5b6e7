"""What the summary is made of: read the files of the steps before it, and check that they are all there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from deepfake.audit.attrition import KEYS
from deepfake.errors import UserError

REQUIRED_KEYS = {
    "plan summary": ("images", "bytes", "splits"),
    "audit": ("checks", "passed", "images", "splits", "parts", "class_weights"),
    "choice": ("chosen", "by", "candidates"),
    "metrics": ("threshold", "splits"),
    "facts": ("parameters", "training", "dataset", "versions"),
    "model": ("arch", "geometry", "mean", "std"),
    "scores": ("table", "missing", "unknown", "splits"),
    "significance": ("note", "units", "rounds", "alpha", "models", "pairs"),
    "ensemble": ("members", "geometries", "views", "temperature"),
}
"""Of each JSON file; facts.json also has those of a model or those of an ensemble."""

PLOTS = (
    "roc.svg precision_recall.svg confusion.svg calibration.svg histogram.svg"
    " robustness.svg mistakes.png gradcam.png"
).split()
"""In the folder of a model's report. A trained model has curves.svg in its training folder too."""


@dataclass(frozen=True)
class Model:
    """One model or ensemble: metrics.json of its report, facts.json and history.json of its training.

    `metadata` is facts.json; `history` has a row for each epoch, and none for an ensemble. `validation` is
    the macro F1 on the validation set by which models are ranked, None if there is none. Scores from
    elsewhere are one too: `training` is the folder of their predictions.
    """

    name: str
    metrics: dict
    history: list[dict]
    metadata: dict
    reports: Path
    training: Path
    validation: float | None

    @property
    def is_ensemble(self) -> bool:
        return "members" in self.metadata

    @property
    def is_from_elsewhere(self) -> bool:
        return "table" in self.metadata


@dataclass(frozen=True)
class Summary:
    """Everything on the page. `models` are ranked by their validation score, the best first.

    `dataset` is its folder, `plan` the plan's summary, `audit` that of the audit, `losses` the table of the
    attrition step, `choice` the JSON that names the chosen model, `significance` that of models against each
    other, `cross` the table across datasets, `left_out` that of methods left out of training, `config` what
    is shown of the config, `command` what makes all of it again.
    """

    dataset: Path
    plan: dict
    audit: dict
    audit_page: str
    losses: pd.DataFrame
    attrition_plot: Path
    choice: dict
    models: list[Model]
    significance: dict | None = None
    cross: pd.DataFrame | None = None
    cross_plot: Path | None = None
    left_out: pd.DataFrame | None = None
    left_out_plot: Path | None = None
    config: dict = field(default_factory=dict)
    command: str = "snakemake --cores all"

    @property
    def chosen(self) -> Model:
        return next(model for model in self.models if model.name == self.choice["chosen"])


def read_summary(
    dataset: Path,
    plan_summary: Path,
    audit: Path,
    attrition: Path,
    attrition_picture: Path,
    choice: Path,
    models: Sequence[tuple[str, Path, Path]],
    scores: Sequence[tuple[str, Path, Path]] = (),
    significance: Path | None = None,
    cross: Path | None = None,
    cross_picture: Path | None = None,
    leave_out: Path | None = None,
    leave_out_picture: Path | None = None,
    config: dict | None = None,
    audit_page: str | None = None,
    command: str = "snakemake --cores all",
) -> Summary:
    """Return the summary of the files, which are those of summarise.py's options of the same names.

    `models` are (name, folder of the report, folder of the training), and `scores`, of detectors made
    elsewhere, (name, folder of the report, folder of the predictions). `audit_page` is only named, not read;
    it defaults to audit.html beside the JSON.

    Raises UserError for a file that is missing or lacks a key, and if the chosen model isn't in `models`.
    """
    choice_found = _read_object(choice, "choice")
    names = [name for name, _, _ in models]
    if choice_found["chosen"] not in names:
        raise UserError(
            f"{choice}: {choice_found['chosen']!r} is chosen, but --models has only {', '.join(names)}"
        )
    ranks = {candidate["model"]: rank for rank, candidate in enumerate(choice_found["candidates"])}
    found = [_read_model(*model, choice_found["candidates"]) for model in models]
    found += [_read_scores(*one) for one in scores]
    found.sort(
        key=lambda model: (_no_higher(model.validation), ranks.get(model.name, len(ranks)), model.name)
    )
    summary = Summary(
        dataset=dataset,
        plan=_read_object(plan_summary, "plan summary"),
        audit=_read_object(audit, "audit"),
        audit_page=audit_page or str(audit.with_suffix(".html")),
        losses=_read_losses(attrition),
        attrition_plot=attrition_picture,
        choice=choice_found,
        models=found,
        significance=_read_object(significance, "significance") if significance else None,
        cross=_read_table(cross) if cross else None,
        cross_plot=cross_picture,
        left_out=_read_table(leave_out) if leave_out else None,
        left_out_plot=leave_out_picture,
        config=config or {},
        command=command,
    )
    for image in _images(summary):
        if not image.is_file():
            raise UserError(f"{image} does not exist; run the step that draws it")
    return summary


def _images(summary: Summary) -> list[Path]:
    """Return every image that the page shows."""
    chosen = summary.chosen
    return [
        summary.dataset / "contact_sheet.png",
        summary.attrition_plot,
        *filter(None, [summary.cross_plot, summary.left_out_plot]),
        *([] if chosen.is_ensemble else [chosen.training / "curves.svg"]),
        *(chosen.reports / name for name in PLOTS),
    ]


def _read_model(name: str, reports: Path, training: Path, candidates: list[dict]) -> Model:
    metadata = _read_object(training / "facts.json", "facts")
    is_ensemble = "members" in metadata
    _check_keys(training / "facts.json", metadata, REQUIRED_KEYS["ensemble" if is_ensemble else "model"])
    history = [] if is_ensemble else _read_json(training / "history.json")
    if not isinstance(history, list) or any("images_per_second" not in row for row in history):
        raise UserError(f"{training / 'history.json'}: must be a list of epochs with images_per_second")
    return Model(
        name=name,
        metrics=_read_object(reports / "metrics.json", "metrics"),
        history=history,
        metadata=metadata,
        reports=reports,
        training=training,
        validation=next((c.get("f1_macro") for c in candidates if c["model"] == name), None),
    )


def _no_higher(score: float | None) -> tuple[bool, float]:
    """Return the sort key of a score: the highest first, None last."""
    return score is None, -(score or 0)


def _read_scores(name: str, reports: Path, predictions: Path) -> Model:
    metrics = _read_object(reports / "metrics.json", "metrics")
    val = metrics["splits"].get("val")
    return Model(
        name=name,
        metrics=metrics,
        history=[],
        metadata=_read_object(predictions / "facts.json", "scores"),
        reports=reports,
        training=predictions,
        validation=val and val["frame"]["metrics"]["f1_macro"]["value"],
    )


def _read_object(path: Path, kind: str) -> dict:
    found = _read_json(path)
    _check_keys(path, found, REQUIRED_KEYS[kind])
    return found


def _read_json(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run the step that writes it") from None
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON: {error}") from None


def _check_keys(path: Path, found: object, required: Sequence[str]) -> None:
    missing = [key for key in required if not isinstance(found, dict) or key not in found]
    if missing:
        raise UserError(f"{path}: missing key {', '.join(missing)}; run the step that writes it again")


def _read_table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run the step that writes it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a valid table: {error}") from None


def _read_losses(path: Path) -> pd.DataFrame:
    counts = ["videos_in", "videos_on", "images_in", "images_on"]
    table = _read_table(path)
    if missing := [name for name in [*KEYS, "step", *counts, "warning"] if name not in table]:
        raise UserError(f"{path}: missing column {', '.join(missing)}; run the attrition step again")
    return table.assign(**{name: pd.to_numeric(table[name].replace("", "0")).astype(int) for name in counts})
