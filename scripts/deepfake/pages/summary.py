"""The summary page: what the data is, how it was checked, and how good the detectors are."""

import pandas as pd

from deepfake.audit.attrition import STEP_NAMES, STEPS
from deepfake.audit.conclusion import conclusion, names_of, status_of
from deepfake.evaluation.bootstrap import FEW_UNITS
from deepfake.evaluation.thresholds import DEFAULT
from deepfake.pages import audit
from deepfake.pages.render import render
from deepfake.pages.summary_inputs import Summary
from deepfake.pages.summary_left_out import methods_left_out
from deepfake.pages.summary_models import (
    across_datasets,
    evaluated_split,
    has_few_units,
    leaderboard_row,
    model_details,
    score,
    units,
    warning,
)
from deepfake.pages.summary_wins import wins

RANKED_BY = {"val f1_macro": "macro F1 on the validation set"}
"""How choice.json names the score that chose the model, and how the page does."""


def page(summary: Summary) -> str:
    """Return the HTML page, with all images in it. The same summary gives the same text."""
    chosen, losses = summary.chosen, losses_by_class(summary.losses)
    return render(
        "summary.html.j2",
        title=f"Deepfake detection on {summary.dataset.name}",
        audit=audit.tables(summary.audit),
        audit_status=status_of(summary.audit),
        audit_conclusion=conclusion(summary.audit),
        audit_unknown=names_of(summary.audit, "unknown"),
        audit_page=summary.audit_page,
        dataset=_dataset(summary),
        losses=losses.to_dict("records"),
        loss_steps={step: STEP_NAMES[step] for step in STEPS if step in losses},
        loss_warnings=loss_warnings(summary.losses),
        attrition_plot=summary.attrition_plot,
        ranked_by=RANKED_BY.get(summary.choice["by"], summary.choice["by"]),
        models=[leaderboard_row(model) for model in summary.models],
        video_f1=score(chosen, "video", "f1_macro"),
        frame_f1=score(chosen, "frame", "f1_macro"),
        video_auc=score(chosen, "video", "roc_auc"),
        split=evaluated_split(chosen),
        warning=warning(chosen),
        plan_warnings=summary.plan.get("warnings", []),
        units=units(chosen),
        has_few_units=has_few_units(chosen),
        few_units=FEW_UNITS,
        has_scores=any(model.is_from_elsewhere for model in summary.models),
        default_threshold=DEFAULT,
        chosen=model_details(chosen),
        wins=wins(summary),
        cross=across_datasets(summary),
        left_out=methods_left_out(summary),
        reproduction=_reproduction(summary),
    )


def losses_by_class(losses: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each corpus and class: videos and images found and kept, and images lost by step.

    Columns are corpus, class, videos, videos_kept, images, images_kept, and those of STEPS where anything was
    lost. Images are counted from the step after the index, which knows videos only.
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
    without_loss = [step for step in STEPS[1:] if not len(table) or not table[step].any()]
    return table.drop(columns=without_loss, errors="ignore")


def loss_warnings(losses: pd.DataFrame) -> list[str]:
    """Return each warning of the table of losses once, in its order."""
    return list(dict.fromkeys(text for texts in losses["warning"] if texts for text in texts.split("; ")))


def count_videos(plan: dict) -> int:
    """Return the number of videos of a dataset, from its plan's summary. No video is in two splits."""
    return sum(size["videos"] for classes in plan["splits"].values() for size in classes.values())


def _dataset(summary: Summary) -> dict:
    parts = summary.audit["parts"]
    return {
        "images": summary.plan["images"],
        "bytes": summary.plan["bytes"],
        "videos": count_videos(summary.plan),
        "splits": len(summary.plan["splits"]),
        "has_test": "test" in summary.audit["splits"],
        "corpora": sorted({part["corpus"] for part in parts}),
        "methods": sorted({part["method"] for part in parts} - {""}),
        "contact_sheet": summary.dataset / "contact_sheet.png",
    }


def _reproduction(summary: Summary) -> dict:
    """Return what is needed to make the chosen model again: a table of facts, and blocks of settings."""
    metadata = summary.chosen.metadata
    versions = ", ".join(f"{name} {version}" for name, version in sorted(metadata["versions"].items()))
    seed = summary.config.get("seed", _seed(metadata["training"]))
    settings = "Settings of the ensemble" if summary.chosen.is_ensemble else "Training settings"
    blocks = {"Preprocessing of the images": summary.plan.get("steps", {}), settings: metadata["training"]}
    return {
        "command": summary.command,
        "facts": {
            "Dataset": f"{summary.dataset.name}, digest {metadata['dataset']['sha256']}",
            "Seed": "unknown" if seed is None else str(seed),
            **_model_input(metadata),
            "Versions": versions,
        },
        "settings": blocks | ({"Config": summary.config} if summary.config else {}),
    }


def _seed(training: dict) -> int | None:
    """Return the seed of a training; of an ensemble that of its first model, since all have the config's."""
    of_models = (_seed(member["training"]) for member in training.get("members", {}).values())
    return training.get("seed", next(of_models, None))


def _model_input(metadata: dict) -> dict[str, str]:
    """Return size and scaling of the input; each network of an ensemble scales pixels in its own way."""
    if "members" in metadata:
        return {"Inputs of the networks": "; ".join(map(_input_size, metadata["geometries"]))}
    scaling = f"{metadata['mean']}, {metadata['std']}"
    return {"Input of the model": _input_size(metadata["geometry"]), "Mean and std of RGB": scaling}


def _input_size(geometry: dict) -> str:
    size, resize = geometry["size"], geometry["resize"]
    crop = f", the centre of an image resized to {resize}" if resize != size else ""
    return f"{size} by {size} pixels{crop}, {geometry['resample']}"
