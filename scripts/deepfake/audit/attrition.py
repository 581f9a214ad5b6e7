"""What became of all that came in: by corpus, class and method, how much each step lost, and why."""

import math
import re
from collections.abc import Iterator

import pandas as pd

from deepfake.tables import CLASSES

STEPS = ("index", "frames", "faces", "duplicates", "people", "balance", "size", "plan")
"""Where something is lost. The plan's own losses are told apart by their reasons; `plan` are its others."""

PLANNED = {
    "near-duplicate": "duplicates",
    "people": "people",
    "balance": "balance",
    "size_mb": "size",
}
"""What the plan's reasons speak of, and the steps that they are counted under."""

KEYS = ["corpus", "class", "method"]
COLUMNS = [*KEYS, "step", "videos_in", "videos_on", "images_in", "images_on", "left_out", "warning"]
UNITS = ("videos", "images")
SHOWN = 8  # reasons a row; a table of thousands of cases would have thousands
NAMES_A_CASE = re.compile(r"^(near-duplicate|a copy|two labels)\b.*")
NUMBER = re.compile(r"(?<!= )(?<![\w.])\d+(?:\.\d+)?(?![\w.])")  # settings stand behind `= ` and stay

BIASED_STEPS = ("frames", "faces")  # the plan takes more frames of one class, and so loses more, by design
FEWEST = 10  # videos on either side; of fewer a share says nothing
APART = 0.05  # difference of two shares lost that matters
SURE = 3.0  # standard errors


def attrition(plan: pd.DataFrame, images: str = "faces") -> pd.DataFrame:
    """A row for each corpus, class, method and step of a plan (tables.PLAN or GATHERED), in order.

    `videos_on` are the videos with an image that went on. A video without any image counts among the videos
    alone; its reason stands in `left_out`, with those of the images. The index knows of no images yet (""),
    and none is lost there. What goes on from a step comes in at the next; rows of one step add up. `images`
    is "faces" or "frames", of which the dataset is made: with frames there is no step `faces`. `warning` is
    that of biased_losses, "" where there is none.
    """
    table = plan[["corpus", "video", "frame", "method", "reason"]].assign(
        **{"class": plan["label"].astype(str).map(CLASSES).fillna("unknown"), "step": _step(plan)}
    )
    steps = [
        s
        for s in STEPS
        if (s != "faces" or images == "faces") and (s != "plan" or (table["step"] == s).any())
    ]
    rows = [(*key, *row) for key, part in table.groupby(KEYS, sort=True) for row in _steps(part, steps)]
    losses = pd.DataFrame(rows, columns=COLUMNS[:-1]).assign(warning="")
    for place, warning in biased_losses(losses):
        losses.loc[place, "warning"] += ("; " if losses.at[place, "warning"] else "") + warning
    return losses


def _step(plan: pd.DataFrame) -> pd.Series:
    """The step of STEPS at which each row was left out, "" for what is kept."""
    planned = plan.loc[plan["step"] == "plan", "reason"]
    found = {
        reason: next((step for word, step in PLANNED.items() if word in reason), "plan")
        for reason in planned.unique()
    }
    return plan["step"].where(plan["step"] != "plan", plan["reason"].map(found))


def _steps(part: pd.DataFrame, steps: list[str]) -> Iterator[tuple]:
    """Step, videos in and on, images in and on, and reasons, of the rows of one corpus, class and method."""
    going = part
    for step in steps:
        lost = going["step"] == step
        on = going[~lost]
        videos = going["video"].nunique(), on["video"].nunique()
        frames = tuple("" if step == "index" else int((t["frame"] >= 0).sum()) for t in (going, on))
        yield step, *videos, *frames, _reasons(going.loc[lost, "reason"])
        going = on


def kind_of(reason: str) -> str:
    """A reason without what names a single case (numbers, names of files or people), so that cases add up."""
    general = NAMES_A_CASE.sub(r"\1", reason).replace(";", ",")  # `; ` stands between reasons
    return re.sub(r"\s+", " ", NUMBER.sub("", general)).strip()


def _reasons(reasons: pd.Series) -> str:
    """Each kind of reason with its count, commonest first."""
    counts = reasons.map({reason: kind_of(reason) for reason in reasons.unique()}).value_counts()
    ordered = sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    shown, rest = ordered[:SHOWN], ordered[SHOWN:]
    other = (
        [f"{sum(count for _, count in rest)} for {len(rest)} other reasons, which the plan names"]
        if rest
        else []
    )
    return "; ".join([f"{count} {reason}" for reason, count in shown] + other)


def biased_losses(losses: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """The row and the text of each warning: a class, or a method, that loses far more than the rest.

    What makes a detector of faces fail more often on one class tells the label, and so does what is left of
    it. Compared are the two classes of a corpus, and each method with the other fakes of the corpus, by the
    share of the images (and of the videos) that a step loses. It is far more when it is over APART, and over
    SURE standard errors of a two-proportion z-test, in which videos are the sample even for images, as the
    images of one video fare alike. Sides of fewer than FEWEST videos are not compared.
    """
    for (corpus, step), part in losses[losses["step"].isin(BIASED_STEPS)].groupby(["corpus", "step"]):
        fakes = part[part["class"] == "fake"]
        sides = [("class", label, part[part["class"].isin(CLASSES.values())]) for label in CLASSES.values()]
        sides += [("method", method, fakes) for method in fakes["method"] if fakes["method"].nunique() > 1]
        for column, value, whole in sides:
            rows = whole[whole[column] == value]
            rest = whole[whole[column] != value]
            if not (found := _compare(rows, rest)):
                continue
            unit, lost, other = found
            against = " and ".join(sorted(set(rest["class"]))) if column == "class" else "other fakes"
            name = value or "(no method)"
            text = f"{corpus}, {step}: {name} loses {lost:.1%} of its {unit}, {against} {other:.1%}"
            yield from ((place, text) for place in rows.index)


def _compare(rows: pd.DataFrame, rest: pd.DataFrame) -> tuple[str, float, float] | None:
    """The unit and both shares lost, where `rows` lose far more than `rest`; the unit that differs most."""
    sample = rows["videos_in"].sum(), rest["videos_in"].sum()
    if min(sample) < FEWEST:
        return None
    found = []
    for unit in UNITS:
        came = [int(side[f"{unit}_in"].sum()) for side in (rows, rest)]
        lost = [n - int(side[f"{unit}_on"].sum()) for n, side in zip(came, (rows, rest), strict=True)]
        if not all(came):
            continue
        one, other = (part / whole for part, whole in zip(lost, came, strict=True))
        pooled = sum(lost) / sum(came)
        error = math.sqrt(pooled * (1 - pooled) * (1 / sample[0] + 1 / sample[1]))
        if one - other > APART and one - other > SURE * error:
            found.append((unit, one, other))
    return max(found, key=lambda f: (f[1] - f[2], f[0] == "images"), default=None)


def warnings(losses: pd.DataFrame) -> list[str]:
    """Each warning once, in order."""
    return list(dict.fromkeys(text for _, text in biased_losses(losses)))


def as_text(losses: pd.DataFrame) -> str:
    """The losses for a terminal: a line for each corpus and class, then reasons by step, then warnings."""
    head = ["corpus", "class", "videos", "kept", "images", "kept"]
    steps = [step for step in STEPS if step != "index" and (losses["step"] == step).any()]
    lines = [[*head, *steps]]
    for (corpus, label), part in losses.groupby(["corpus", "class"]):
        by_step = part.groupby("step")[[f"{u}_{end}" for u in UNITS for end in ("in", "on")]].sum()
        first, last = by_step.loc[steps[0]], by_step.loc[steps[-1]]
        lost = [str(by_step.loc[s, "images_in"] - by_step.loc[s, "images_on"]) for s in steps]
        videos = by_step.loc["index", "videos_in"], last["videos_on"]
        lines.append([corpus, label, *map(str, (*videos, first["images_in"], last["images_on"])), *lost])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = [
        "  ".join(
            v.ljust(w) if i < 2 else v.rjust(w) for i, (v, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    text += [""] + list(_reasons_by_step(losses))
    text += [f"WARNING  {warning}" for warning in warnings(losses)]
    return "\n".join(line.rstrip() for line in text) + "\n"


def _reasons_by_step(losses: pd.DataFrame) -> Iterator[str]:
    """A line for each corpus and step that lost anything, with the reasons of all its classes and methods."""
    for corpus, table in losses.groupby("corpus"):
        for step in STEPS:
            counts: dict[str, int] = {}
            for cell in table.loc[(table["step"] == step) & (table["left_out"] != ""), "left_out"]:
                for item in cell.split("; "):
                    count, _, reason = item.partition(" ")
                    counts[reason] = counts.get(reason, 0) + int(count)
            if counts:
                ordered = sorted(counts.items(), key=lambda c: (-c[1], c[0]))
                yield f"{corpus}, {step}: " + "; ".join(
                    f"{count} {reason}" for reason, count in ordered[:SHOWN]
                )
