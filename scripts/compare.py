"""Evaluate models across datasets: trained on one, tested on another, as a table and a matrix.

    python scripts/compare.py --datasets a:results/a b:results/b --duplicates 3 \
        --predictions meso4:a:a:predictions/a.csv meso4:a:b:predictions/b.csv \
        --thresholds meso4:a:results/reports/a/meso4/metrics.json \
        --output cross.csv --output-picture cross.svg

Each table of predictions is for the test split of the dataset tested on: MODEL:TRAINED ON:TESTED ON:FILE.
From the test split of another dataset, videos are left out if their people, original, group or
near-duplicates are in the train or val split of the dataset trained on, or if they look like somebody there;
--same-identity gives names of the same people. Faces are compared where --people has the distances of both
datasets; their plans and embeddings are in the folder --results. Thresholds are chosen on that val split.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from deepfake.console import progress
from deepfake.dataset.read import read_metadata
from deepfake.evaluation.cross_dataset import compare_across_datasets, draw_cross_dataset
from deepfake.evaluation.thresholds import read_thresholds
from deepfake.files import new_file
from deepfake.people.video_vectors import VideoVectors, read_video_vectors
from deepfake.plan.links import read_pairs
from deepfake.program import make_parser, run
from deepfake.tables import AS_TEXT


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    same_identity = [pair for path in args.same_identity for pair in read_pairs(path)]
    thresholds = {(model, trained): read_thresholds(path) for model, trained, path in args.thresholds}
    datasets = {name: read_metadata(Path(folder)) for name, folder in args.datasets}
    faces = read_faces(args.results, json.loads(args.people))
    predictions = progress(args.predictions, "compare", "tables")
    table = compare_across_datasets(
        predictions, datasets, thresholds, args.duplicates, same_identity, faces, args.bootstrap, args.seed
    )
    with new_file(args.output) as new_table, new_file(args.output_picture) as new_picture:
        table.to_csv(new_table, index=False, lineterminator="\n", float_format="%.6g")
        draw_cross_dataset(table, new_picture)
    print(table.to_string(index=False, na_rep="", float_format="{:.3f}".format))


def read_faces(results: Path, people: dict[str, dict]) -> dict[str, tuple[VideoVectors, float]]:
    """Return the faces of the datasets that `people` has the distances of, with their guard distance."""
    faces = {}
    for name, distances in people.items():
        plan = pd.read_csv(results / "plans" / f"{name}.csv", usecols=["corpus", "shard"], **AS_TEXT)
        shards = set(zip(plan["corpus"], plan["shard"], strict=True))
        faces[name] = read_video_vectors(results / "people", shards, distances["link"]), distances["guard"]
    return faces


def parts(number: int) -> Callable[[str], list[str]]:
    """Return a function that splits a text into `number` parts at its first colons."""

    def split(text: str) -> list[str]:
        found = text.split(":", number - 1)
        if len(found) < number:
            raise argparse.ArgumentTypeError(f"{text!r} has {len(found)} parts of {number}; see --help")
        return found

    return split


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    for name, text in {
        "datasets": "NAME:FOLDER",
        "thresholds": "MODEL:TRAINED:metrics.json",
        "predictions": "MODEL:TRAINED:TESTED:CSV",
    }.items():
        parser.add_argument(f"--{name}", required=True, nargs="+", type=parts(1 + text.count(":")), help=text)
    parser.add_argument("--people", default="{}", help="JSON: link and guard of each dataset by faces")
    parser.add_argument("--results", type=Path, default=Path("results"), help="has their plans/ and people/")
    parser.add_argument("--bootstrap", type=int, default=1000, help="resamples of the 95 %% intervals")
    parser.add_argument("--seed", type=int, default=42, help="of these resamples")
    parser.add_argument("--duplicates", type=int, default=3, help="bits in which near-duplicates may differ")
    parser.add_argument("--same-identity", nargs="*", default=[], help="csv of people known to be the same")
    parser.add_argument("--output", required=True, help="csv of the results")
    parser.add_argument("--output-picture", required=True, help="svg of the matrix")
    args = parser.parse_args(argv)
    datasets = {name for name, _ in args.datasets}
    thresholds = {(model, trained) for model, trained, _ in args.thresholds}
    for model, trained, tested, path in args.predictions:
        if missing := {trained, tested} - datasets:
            parser.error(f"--predictions {path}: --datasets has no {sorted(missing)[0]}")
        if (model, trained) not in thresholds:
            parser.error(f"--predictions {path}: --thresholds has none of {model}:{trained}")
    return args


if __name__ == "__main__":
    sys.exit(run(main))
