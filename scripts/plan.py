"""Decide which image goes to which split of a dataset, and why each other image is left out.

    python scripts/plan.py --results results --output results/plans/small.csv \
        --output-summary results/plans/small.json --output-people results/plans/small.people.csv \
        --config '{"families": {"demo": "dfdc"}, "images": "faces", "size_mb": 20, "balance": "corpus",
                   "splits": {"train": 0.8, "val": 0.2}, "policy": "identity", "tolerance": 0.05,
                   "people": {"by": "names"}, "stratify": [], "test_only": [], "duplicates": 3, "seed": 42}'
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from deepfake.audit.attrition import as_text, attrition
from deepfake.console import log, printable_lines
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.people.video_vectors import VideoVectors, read_video_vectors
from deepfake.plan.gather import gather, read_warning
from deepfake.plan.given import Given, given_problems, read_given, read_index
from deepfake.plan.knowledge import corpora_known, count_known, warn_of_unknown_people
from deepfake.plan.links import read_pairs
from deepfake.plan.people_table import people_summary, people_table
from deepfake.plan.plan import plan_people
from deepfake.plan.summary import plan_summary
from deepfake.program import make_parser, run

AS_CSV = {"index": False, "lineterminator": "\n", "encoding": "utf-8"}


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = json.loads(args.config)
    gathered = gather(args.results, cfg["families"], cfg["images"])
    log.info("%d rows from %s", len(gathered), ", ".join(cfg["families"]))
    try:
        same_identity = read_pairs(args.same_identity) if args.same_identity else []
        different = read_pairs(args.different_people) if args.different_people else []
        vectors = read_faces(args.results / "people", gathered, cfg)
        known = {"families": cfg["families"], "faces": vectors.names if vectors else ()}
        given = read_given_splits(args, cfg) if args.splits else None
        warnings = warn(args, cfg, corpora_known(gathered, same_identity, **known), given)
        plan, seen = plan_people(gathered, cfg, same_identity, vectors, different, given)
    except UserError as error:
        losses = as_text(attrition(gathered, cfg["images"]))
        message = f"datasets.{args.output.stem}: {error}\nImages left out before:\n{losses}"
        raise UserError(message) from None
    summary = plan_summary(plan, cfg["stratify"]) | {"steps": json.loads(args.steps), "shows": cfg["images"]}
    summary["known"] = count_known(plan[plan["file_name"] != ""], same_identity, **known)
    if people := people_summary(seen):
        summary["people"] = people
        log.info("people by their faces: %s", json.dumps(people))
    if warnings:
        summary["warnings"] = warnings
    with (
        new_file(args.output) as new_plan,
        new_file(args.output_summary) as new_summary,
        new_file(args.output_people) as new_people,
    ):
        plan.to_csv(new_plan, **AS_CSV)
        people_table(plan, seen).to_csv(new_people, **AS_CSV)
        new_summary.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n")
    for column, shares in summary["stratify"].items():
        log.info("%s: shares differ by up to %.3f between splits", column, shares["largest_deviation"])
    losses = as_text(attrition(plan, cfg["images"]))
    size = f"{summary['images']} images, {summary['bytes'] / 1e6:.1f} MB"
    print(f"\n{args.output.stem}: {size}\n\n{printable_lines(losses)}")


def read_faces(folder: Path, gathered: pd.DataFrame, cfg: dict) -> VideoVectors | None:
    """Return the faces of all videos; None where people are told apart by names, or not at all."""
    if cfg["policy"] != "identity" or cfg["people"]["by"] == "names":
        return None
    usable = gathered[gathered["step"] == ""]
    shards = set(zip(usable["corpus"], usable["shard"], strict=True))
    vectors = read_video_vectors(folder, shards, cfg["people"]["link"])
    log.info("faces of %d videos, from %d crops", len(vectors.names), len(vectors.owners))
    return vectors


def read_given_splits(args: argparse.Namespace, cfg: dict) -> Given:
    """Return the splits of the file that `splits.from` names."""
    index = read_index(args.results, list(cfg["families"]))
    given = read_given(args.splits, index, cfg["splits"].get("digest", ""))
    log.info("%s: lines for %d of %d videos", given.name, len(given.lines), len(index))
    return given


def warn(args: argparse.Namespace, cfg: dict, known: pd.Series, given: Given | None) -> list[str]:
    """Log, print and return the warnings: of the indexes, of corpora whose people are unknown, of splits."""
    warnings = [read_warning(args.results / "index" / corpus) for corpus in cfg["families"]]
    warnings.append(warn_of_unknown_people(args.output.stem, cfg["policy"], known))
    warnings += [f"{given.name}: {text}" for text in given_problems(given)] if given else []
    warnings = [text for text in warnings if text]
    for text in warnings:
        log.warning("%s", text)
        print(f"WARNING: {text}")
    return warnings


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--results", required=True, type=Path, help="folder with index, frames and faces")
    parser.add_argument("--config", required=True, help="JSON: the dataset's section, and the seed")
    parser.add_argument("--steps", default="{}", help="JSON: by corpus, the settings of its frames and faces")
    parser.add_argument("--same-identity", nargs="?", help="csv of videos or people known to be the same")
    parser.add_argument("--splits", nargs="?", help="csv of videos and the splits that they are to be in")
    parser.add_argument("--different-people", nargs="?", help="csv of videos or people known to be different")
    parser.add_argument("--output", required=True, type=Path, help="table of every image")
    parser.add_argument("--output-summary", required=True, help="JSON of what the plan keeps")
    parser.add_argument("--output-people", required=True, help="table of who is seen in every video")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
