"""How a dataset that was rebuilt from a recipe differs from the one that was published, and why."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from deepfake.console import printable
from deepfake.plan.given import Given, Video, match_lines, read_index
from deepfake.plan.splits_file import Line, read_splits, splits_digest, splits_table
from deepfake.provenance import differing

FRAMES_SHOWN = 5
WORDS = {"steps": "settings", "code": "code", "versions": "versions"}


class Differences(NamedTuple):
    """What differs in a rebuilt dataset: lines about its `videos`, of `total`, and the `causes` there may be.

    `causes` are settings, code and versions that are not those of the recipe; alone they are no difference.
    `digest` is that of the dataset's splits here.
    """

    dataset: str
    total: int
    videos: list[str]
    causes: list[str]
    digest: str


def compare_with_recipe(results: Path, dataset: str, recipe: dict) -> Differences | None:
    """Return how the dataset that `results` has differs from its recipe; None if there is nothing to compare.

    `recipe` has `from`, the path of the recipe's splits.csv, and `made` and `now`: what the recipe says, and
    what is the case here, of `steps`, `code` and `versions`. A file without frames and checksums, and a
    dataset without a plan, can't be compared.
    """
    path = results / "plans" / f"{dataset}.csv"
    if not path.exists() or not Path(recipe["from"]).exists():
        return None
    lines = read_splits(recipe["from"])
    if any(line.frames is None or not line.sha256 for line in lines):
        return None
    plan = pd.read_csv(path, dtype=str, keep_default_na=False)
    index = read_index(results, recipe["corpora"])
    given = match_lines(Path(recipe["from"]).name, lines, index)
    return differences(dataset, lines, given, plan, index, recipe["made"], recipe["now"])


def differences(
    dataset: str,
    lines: list[Line],
    given: Given,
    plan: pd.DataFrame,
    index: pd.DataFrame,
    made: dict,
    now: dict,
) -> Differences:
    """Return how a dataset differs from the `lines` of its recipe.

    `given` is what they mean in `index`, and `plan` the dataset's plan, tables.PLAN; all its values are text.
    `made` and `now` as for compare_with_recipe.
    """
    causes = {kind: _causes(kind, made.get(kind, {}), now.get(kind, {})) for kind in WORDS}
    here = splits_table(plan[plan["file_name"] != ""], index)
    ours = {(row["corpus"], row["video"]): row for row in here.to_dict("records")}
    files = {(row["corpus"], row["video"]): row for row in index.to_dict("records")}
    reasons = _reasons(plan)
    video_of = {line.number: video for video, line in given.lines.items()}
    unknown = {line.number: "absent: no file of its corpus fits it" for line in given.unknown}
    unknown |= {line.number: "several files of its corpus fit it" for line in given.ambiguous}
    unknown |= {line.number: "its corpus is not in this dataset" for line in given.elsewhere}
    found = []
    for line in lines:
        video = video_of.get(line.number)
        if video is None:
            text = unknown.get(line.number, "another line means the same video")
        else:
            text = _difference(line, ours.get(video), files[video], reasons.get(video, ""), causes)
        if text:
            found.append(printable(f"{line.name}: {text}"))
    flat = [f"{WORDS[kind]}: {text}" for kind, texts in causes.items() for text in texts]
    return Differences(dataset, len(lines), found, flat, splits_digest(here))


def _difference(line: Line, ours: dict | None, file: dict, reason: str, causes: dict[str, list[str]]) -> str:
    """Return how a video's images differ, and why; "" if they are the published ones."""
    if ours and (ours["sha256"], ours["label"], ours["split"]) == (line.sha256, line.label, line.split):
        return ""
    frames = frozenset(map(int, ours["frames"].split())) if ours else frozenset()
    missing = line.frames - frames
    if not ours:
        text = f"none of its {len(line.frames)} images is here"
    elif missing:
        shown = " ".join(map(str, sorted(missing)[:FRAMES_SHOWN])) + (
            " …" if len(missing) > FRAMES_SHOWN else ""
        )
        text = f"{len(missing)} of its {len(line.frames)} images are not here (frames {shown})"
    elif ours["sha256"] != line.sha256:
        text = "its images differ"
    else:
        text = f"its label is {line.label} there and {ours['label']} here"
    if missing and reason:
        text += f": {reason}"
    return f"{text}; {_cause(line, file, causes)}"


def _cause(line: Line, file: dict, causes: dict[str, list[str]]) -> str:
    known = [(line.bytes, file["bytes"], "bytes"), (line.crc32, file["crc32"], "crc32")]
    changed = [
        f"{what} {there} there and {here} here" for there, here, what in known if there and there != here
    ]
    if changed:
        return f"another file ({', '.join(changed)})"
    own = [text for text in causes["steps"] if text.startswith(f"{file['corpus']}.")]
    found = own + [text for kind in ("code", "versions") for text in causes[kind]]
    return "the file is the same; " + (
        f"what differs: {', '.join(found)}" if found else "nothing known differs"
    )


def _causes(kind: str, there: dict, here: dict) -> list[str]:
    """Return what of the settings, code or versions is not that of the recipe, where it says anything."""
    names = differing(there, here) if there else []
    return [f"{name} {_value(there, name)} there and {_value(here, name)} here" for name in names]


def _value(settings: dict, name: str) -> str:
    """Return the value of a name such as `demo.frames.count`; corpora have no points in their names."""
    value: object = settings
    for part in name.split(".") if name not in settings else [name]:
        value = value.get(part, "-") if isinstance(value, dict) else "-"
    return str(value)


def _reasons(plan: pd.DataFrame) -> dict[Video, str]:
    """Return for each video with images that were left out the reason of most of them."""
    out = plan[(plan["file_name"] == "") & (plan["reason"] != "")]
    out = out[~out["reason"].str.endswith(" has other frames of it")]
    counts = out.groupby(["corpus", "video", "reason"]).size().reset_index(name="n")
    counts = counts.sort_values(["n", "reason"], ascending=[False, True], kind="stable")
    return {
        (row.corpus, row.video): row.reason
        for row in counts.drop_duplicates(["corpus", "video"]).itertuples(index=False)
    }


def differences_as_text(found: Collection[Differences]) -> list[str]:
    """Return the lines of a report on rebuilt datasets."""
    lines = []
    for each in found:
        differ = f"{len(each.videos)} of {each.total} videos differ from its recipe"
        lines.append(
            f"{each.dataset}: {differ if each.videos else 'as its recipe says'}, digest {each.digest}"
        )
        lines += [f"  {text}" for text in each.videos]
        lines += [f"  {text}" for text in each.causes]
    return lines
