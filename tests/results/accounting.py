"""Section accounting: where each video and image that went into the datasets ended, real and fake.

    python tests/results/accounting.py --data resources/real --output results/measured

Reads what Snakemake's run of recipes/results.yaml has left in results/. Fails unless the counts add up.
"""

import sys
from pathlib import Path

import pandas as pd
import yaml
from results.accounting_ends import ENDS, KEYS, SPLITS, SumError, check, count, count_media
from results.accounting_picture import draw
from results.numbers_file import NumbersFile, section_parser
from results.present import absent_corpora, without

RECIPE, RESULTS = Path("recipes/results.yaml"), Path("results")
WITHOUT_DATASET = {"lfw": ("lfw.zip", "photos, all real: in no dataset; used in Leaks and in Verdicts")}
"""Archives of the data that no dataset is made of: the file, and why."""


def main() -> int:
    args = section_parser(__doc__).parse_args()
    file = NumbersFile("accounting", args.output)
    recipe = yaml.safe_load(RECIPE.read_text("utf-8"))
    missing = absent_corpora(recipe)
    config = without(recipe, set(missing))
    media = {name: count_media(corpus) for name, corpus in config["corpora"].items()}
    tables, absent = [], [f"The corpus {name} isn't there: {path}." for name, path in missing.items()]
    for dataset in config["datasets"]:
        path = RESULTS / f"plans/{dataset}.csv"
        if not path.exists():
            absent.append(f"The dataset {dataset} was not made.")
            continue
        plan = pd.read_csv(path, dtype=str, keep_default_na=False)
        counts = count(dataset, plan)
        try:
            check(dataset, counts, RESULTS, media)
        except SumError as error:
            sys.exit(f"accounting: {error}")
        tables.append(counts)
    if not tables:
        sys.exit("accounting: no dataset was made")
    whole = pd.concat(tables, ignore_index=True)
    elsewhere = count_elsewhere(args.data)
    draw(whole, elsewhere, file.picture("ends.png"))
    file.write(numbers(whole, config["train"].get("dataset")) | {"elsewhere": elsewhere, "absent": absent})
    return 0


def count_elsewhere(data: Path) -> list[dict]:
    """Return name, number of images and use of each archive of WITHOUT_DATASET that is there."""
    return [
        {"name": name, "files": count_media({"archives": [data / archive]}), "use": use}
        for name, (archive, use) in WITHOUT_DATASET.items()
        if (data / archive).exists()
    ]


def numbers(whole: pd.DataFrame, trained: str | None) -> dict:
    """Return the section's numbers: rows, the ends that anything met, totals, and what a class lost.

    `trained` is the dataset of which models are trained, whose classes are compared.
    """
    met = [end for end in ENDS if whole[end].sum() and end not in SPLITS]
    rows = [
        {
            **{key: row[key] for key in [*KEYS, "files", "files_kept", "images"]},
            "left_out": {end: row[end] for end in met},
            "splits": {split: row[split] for split in SPLITS},
            "share_kept": sum(row[split] for split in SPLITS) / row["images"],
        }
        for row in whole.to_dict("records")
    ]
    totals = whole[["files", "files_kept", "images", *ENDS]].sum().to_dict()
    once = whole.groupby(["corpus", "class"])["files"].first().sum()
    return {
        "rows": rows,
        "ends": {end: ENDS[end] for end in met},
        "splits": list(SPLITS),
        "total": totals | {"files_once": once},
        "trained": {row["class"]: row for row in rows if row["dataset"] == trained},
    }


if __name__ == "__main__":
    sys.exit(main())
