"""Attrition: how many videos and images of each corpus, class and method each step leaves out, and why."""

import math
import re
from collections.abc import Iterator

import pandas as pd

from deepfake.tables import CLASSES

STEP_NAMES = {
    "index": "not usable",
    "frames": "frame unreadable",
    "faces": "no usable face",
    "duplicates": "near-duplicate",
    "people": "people in two splits",
    "balance": "balance",
    "size": "over the size",
    "plan": "other",
}
"""The steps that leave something out, in order, and what it means for an image to be left out there."""

STEPS = tuple(STEP_NAMES)

PLAN_REASONS = {
    "near-duplicate": "duplicates",
    "people": "people",
    "balance": "balance",
    "size_mb": "size",
}
"""Text in a reason given by the plan, and the step for it; all other reasons are the step `plan`."""

KEYS = ["corpus", "class", "method"]
COLUMNS = [*KEYS, "step", "videos_in", "videos_on", "images_in", "images_on", "left_out", "warning"]
UNITS = ("videos", "images")
MAX_REASONS = 8  # in a row
NAMES_A_CASE = re.compile(r"^(near-duplicate|a copy|two labels)\b.*")
NUMBER = re.compile(r"(?<!= )(?<![\w.])\d+(?:\.\d+)?(?![\w.])")  # but no settings, which follow `= `

BIASED_STEPS = ("frames", "faces")  # the plan leaves out more of one class by design
MIN_VIDEOS = 10  # on either side of a comparison
MIN_DIFFERENCE = 0.05  # of two shares
MIN_ERRORS = 3.0  # standard errors


def attrition(plan: pd.DataFrame, images: str = "faces") -> pd.DataFrame:
    """Return a table of COLUMNS with a row for each corpus, class, method and step, in order.

    `plan` has columns of tables.PLAN or GATHERED. `images` says what the dataset is made of, "faces" or
    "frames"; with "frames" there is no step `faces`. What leaves a step (`videos_on`, `images_on`) enters the
    next one (`videos_in`, `images_in`), and the rows of one step can be summed. `videos_on` are the videos of
    which at least one image goes on. `left_out` has the reasons with their counts; a video without any image
    counts there like an image. Images are not known before the step `frames`, and are "" at `index`.
    `warning` has the text of biased_losses, or "".
    """
    table = plan[["corpus", "video", "frame", "method", "reason"]].assign(
        **{"class": plan["label"].astype(str).map(CLASSES).fillna("unknown"), "step": _step(plan)}
    )
    steps = [
        s
        for s in STEPS
        if (s != "faces" or images == "faces") and (s != "plan" or (table["step"] == s).any())
    ]
    rows = [(*key, *row) for key, part in table.groupby(KEYS, sort=True) for row in _count(part, steps)]
    losses = pd.DataFrame(rows, columns=COLUMNS[:-1]).assign(warning="")
    for index, warning in biased_losses(losses):
        losses.loc[index, "warning"] += ("; " if losses.at[index, "warning"] else "") + warning
    return losses


def _step(plan: pd.DataFrame) -> pd.Series:
    """Return the step of STEPS at which each row is left out, "" for what is kept."""
    reasons = plan.loc[plan["step"] == "plan", "reason"]
    step_of = {
        reason: next((step for text, step in PLAN_REASONS.items() if text in reason), "plan")
        for reason in reasons.unique()
    }
    return plan["step"].where(plan["step"] != "plan", plan["reason"].map(step_of))


def _count(part: pd.DataFrame, steps: list[str]) -> Iterator[tuple]:
    """Yield step, videos in and on, images in and on, and reasons, for one corpus, class and method."""
    entering = part
    for step in steps:
        left_out = entering["step"] == step
        leaving = entering[~left_out]
        videos = entering["video"].nunique(), leaving["video"].nunique()
        counts = ("" if step == "index" else int((t["frame"] >= 0).sum()) for t in (entering, leaving))
        yield step, *videos, *counts, _join_reasons(entering.loc[left_out, "reason"])
        entering = leaving


def general_reason(reason: str) -> str:
    """Return a reason without the numbers and names of its single case, so that equal ones can be counted."""
    general = NAMES_A_CASE.sub(r"\1", reason).replace(";", ",")  # `; ` separates reasons
    return re.sub(r"\s+", " ", NUMBER.sub("", general)).strip()


def _join_reasons(reasons: pd.Series) -> str:
    """Return the most common reasons with their counts, as "12 no face; 3 over size_mb = 20"."""
    counts = reasons.map({reason: general_reason(reason) for reason in reasons.unique()}).value_counts()
    ordered = sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    texts = [f"{count} {reason}" for reason, count in ordered[:MAX_REASONS]]
    if rest := ordered[MAX_REASONS:]:
        total = sum(count for _, count in rest)
        texts.append(f"{total} for {len(rest)} other reasons, which the plan names")
    return "; ".join(texts)


def biased_losses(losses: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Yield the row and the text of each warning: a class, or a method, that loses far more than the others.

    If face detection fails more often on one class, that tells a model the label, and so do the images that
    are left. The two classes of a corpus are compared, and each method with the corpus's other fakes, by the
    share of images (and of videos) that a step leaves out. A difference is reported if it is more than
    MIN_DIFFERENCE, and more than MIN_ERRORS standard errors of a two-proportion z-test. The sample size of
    that test is the number of videos, even for images, since the images of one video are lost together. Sides
    with fewer than MIN_VIDEOS videos are not compared.
    """
    for (corpus, step), part in losses[losses["step"].isin(BIASED_STEPS)].groupby(["corpus", "step"]):
        fakes = part[part["class"] == "fake"]
        labelled = part[part["class"].isin(CLASSES.values())]
        sides = [("class", label, labelled) for label in CLASSES.values()]
        sides += [("method", method, fakes) for method in fakes["method"] if fakes["method"].nunique() > 1]
        for column, value, whole in sides:
            rows = whole[whole[column] == value]
            rest = whole[whole[column] != value]
            if not (difference := _compare(rows, rest)):
                continue
            unit, lost, other = difference
            against = " and ".join(sorted(set(rest["class"]))) if column == "class" else "other fakes"
            name = value or "(no method)"
            text = f"{corpus}, {step}: {name} loses {lost:.1%} of its {unit}, {against} {other:.1%}"
            yield from ((index, text) for index in rows.index)


def _compare(rows: pd.DataFrame, rest: pd.DataFrame) -> tuple[str, float, float] | None:
    """Return the unit ("videos" or "images") and both shares lost, if `rows` lose far more than `rest`.

    If both units do, the one with the larger difference; None if neither does.
    """
    videos = rows["videos_in"].sum(), rest["videos_in"].sum()
    if min(videos) < MIN_VIDEOS:
        return None
    found = []
    for unit in UNITS:
        entering = [int(side[f"{unit}_in"].sum()) for side in (rows, rest)]
        lost = [n - int(side[f"{unit}_on"].sum()) for n, side in zip(entering, (rows, rest), strict=True)]
        if not all(entering):
            continue
        one, other = (part / whole for part, whole in zip(lost, entering, strict=True))
        pooled = sum(lost) / sum(entering)
        error = math.sqrt(pooled * (1 - pooled) * (1 / videos[0] + 1 / videos[1]))
        if one - other > MIN_DIFFERENCE and one - other > MIN_ERRORS * error:
            found.append((unit, one, other))
    return max(found, key=lambda f: (f[1] - f[2], f[0] == "images"), default=None)


def warnings(losses: pd.DataFrame) -> list[str]:
    """Return each warning once, in order."""
    return list(dict.fromkeys(text for _, text in biased_losses(losses)))


def as_text(losses: pd.DataFrame) -> str:
    """Return the losses for a terminal: a line for each corpus and class, then reasons, then warnings."""
    head = ["corpus", "class", "videos", "kept", "images", "kept"]
    steps = [step for step in STEPS if step != "index" and (losses["step"] == step).any()]
    lines = [[*head, *steps]]
    for (corpus, label), part in losses.groupby(["corpus", "class"]):
        by_step = part.groupby("step")[[f"{u}_{end}" for u in UNITS for end in ("in", "on")]].sum()
        first, last = by_step.loc[steps[0]], by_step.loc[steps[-1]]
        lost = [str(by_step.loc[s, "images_in"] - by_step.loc[s, "images_on"]) for s in steps]
        videos = by_step.loc["index", "videos_in"], last["videos_on"]
        lines.append([corpus, label, *map(str, (*videos, first["images_in"], last["images_on"])), *lost])
    text = [*_align(lines), "", *_reasons_by_step(losses)]
    text += [f"WARNING  {warning}" for warning in warnings(losses)]
    return "\n".join(text) + "\n"


def _align(lines: list[list[str]]) -> list[str]:
    """Return lines of equally wide columns, the first two aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = []
    for line in lines:
        cells = [
            c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))
        ]
        aligned.append("  ".join(cells).rstrip())
    return aligned


def _reasons_by_step(losses: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each corpus and step that lost anything, with the reasons of all its classes."""
    for corpus, table in losses.groupby("corpus"):
        for step in STEPS:
            counts: dict[str, int] = {}
            for cell in table.loc[(table["step"] == step) & (table["left_out"] != ""), "left_out"]:
                for item in cell.split("; "):
                    count, _, reason = item.partition(" ")
                    counts[reason] = counts.get(reason, 0) + int(count)
            if counts:
                ordered = sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:MAX_REASONS]
                yield f"{corpus}, {step}: " + "; ".join(f"{count} {reason}" for reason, count in ordered)
