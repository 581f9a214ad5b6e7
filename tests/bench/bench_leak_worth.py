"""How much a leak is worth: the same models on DFDC's crops, split so that train tells more or less of test.

    PYTHONPATH=scripts python tests/bench/bench_leak_worth.py --seeds 0 1 2 3 4 --cache /tmp/crops

"by image", "by original" and "by people" have equal numbers of crops of each split and class. "knows nobody",
"knows people" and "knows originals" have the same val and test; train knows none of test's people, or other
videos of them, or other crops of test's own originals, which take the place of as many crops of strangers.

lite0 is EfficientNet-lite0 with its ImageNet weights, frozen, and a linear head (logistic regression, whose
penalty is chosen on val); meso4 is trained whole, on 64 pixels. F1 is macro F1 at val's best threshold. The
intervals are of the mean over seeds, 95 %, by Student's t; a seed changes the split and the first weights.
"AUC known" and "AUC unknown" are of test's crops that are, and aren't, within 0.30 of a crop of train.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import timm
import torch
from leaky_splits import SPLITS, Crops, crops, one_test, three_ways
from plain_training import predict_plain, train_plain
from real_faces import DATA, DFDC, dfdc, images, kept, vectors
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from deepfake.evaluation.thresholds import choose_threshold
from deepfake.networks.mesonet import Meso4

LINK, GUARD, KNOWN = 0.36, 0.35, 0.30
THREE = {"train": 0.5, "val": 0.2, "test": 0.3}
ONE = {"train": 0.7, "val": 0.15, "test": 0.15}
PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03)  # scikit-learn's C
SIZE, EPOCHS, BATCH, RATE = 64, 8, 64, 4e-3  # of meso4
BASE = {"by image": "by people", "by original": "by people"}
BASE |= {"knows people": "knows nobody", "knows originals": "knows nobody"}

Score = Callable[[dict, np.ndarray, int], dict[str, np.ndarray]]
"""Takes the rows of each split, all labels and a seed; returns the probabilities of fake of val and test."""


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    table = dfdc()
    files, labels = list(table["file"]), table["label"].to_numpy()
    dealt = crops(table, vectors(DFDC, files, args.cache), LINK)
    rows = []
    for name in args.models:
        score = MODELS[name](files, args.cache)
        for seed in args.seeds:
            for row in rows_of_seed(name, score, dealt, labels, seed):
                rows.append(row)
                print(*row.values(), flush=True)
    if args.rows:
        pd.DataFrame(rows).to_csv(args.rows, index=False)
    print_summary(summary(pd.DataFrame(rows)))


def rows_of_seed(model: str, score: Score, dealt: Crops, labels: np.ndarray, seed: int) -> Iterator[dict]:
    """Yield a row for each of the six splits of a seed: their sizes, and what the model measures on test.

    `people` are those of test's originals, `leaked` the crops of train that the one test's clean train lacks.
    """
    splits = three_ways(dealt, THREE, GUARD, seed) | one_test(dealt, ONE, GUARD, seed)
    clean = splits["knows nobody"]["train"]
    for split, parts in splits.items():
        known = dealt.alike(parts["test"], parts["train"], KNOWN)
        sizes = {part: len(parts[part]) for part in SPLITS}
        sizes["people"] = len(np.unique(dealt.people[parts["test"]]))
        sizes["leaked"] = len(np.setdiff1d(parts["train"], clean)) if split.startswith("knows") else 0
        measured = measure(labels, parts, score(parts, labels, seed), known)
        yield {"model": model, "split": split, "seed": seed} | sizes | measured


def frozen_lite0(files: list[str], cache: Path) -> Score:
    """Return the linear head's scores."""
    found = kept(cache / "lite0.npy", lambda: features(files))

    def score(parts: dict, labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        mean, std = found[parts["train"]].mean(axis=0), found[parts["train"]].std(axis=0) + 1e-6
        values = {part: (found[parts[part]] - mean) / std for part in SPLITS}
        best, scores = -1.0, {}
        for penalty in PENALTIES:
            head = LogisticRegression(C=penalty, max_iter=300, tol=1e-3)
            head.fit(values["train"], labels[parts["train"]])
            fake = {part: head.predict_proba(values[part])[:, 1] for part in ("val", "test")}
            auc = roc_auc_score(labels[parts["val"]], fake["val"])
            if auc > best:
                best, scores = auc, fake
        return scores

    return score


def whole_meso4(files: list[str], cache: Path) -> Score:
    """Return the scores of Meso-4, trained anew for each split."""
    pixels = kept(cache / f"pixels{SIZE}.npy", lambda: images(DFDC, files, lambda crop: rgb(crop, SIZE)))

    def score(parts: dict, labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        torch.manual_seed(seed)
        network = Meso4(SIZE).to(memory_format=torch.channels_last)
        look, train = ([0.0] * 3, [1.0] * 3), parts["train"]
        train_plain(network, pixels[train], labels[train], *look, RATE, EPOCHS, BATCH, seed)
        logits = {part: predict_plain(network, pixels[parts[part]], *look) for part in ("val", "test")}
        return {part: 1 / (1 + np.exp(-np.float64(values))) for part, values in logits.items()}

    return score


MODELS = {"lite0": frozen_lite0, "meso4": whole_meso4}


def features(files: list[str]) -> np.ndarray:
    """Return lite0's features before its classifier, float32 (n, 1280)."""
    network = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    state = torch.load(DATA / "tf_efficientnet_lite0.pth", weights_only=True)
    network.load_state_dict({k: v for k, v in state.items() if not k.startswith("classifier")})
    network = network.to(memory_format=torch.channels_last)
    look = [0.5] * 3, [0.5] * 3
    parts = [files[start : start + 256] for start in range(0, len(files), 256)]
    whole = torch.nn.Sequential(network, torch.nn.Flatten(), torch.nn.Unflatten(1, (1, -1)))  # [:, 0]: all
    read = [images(DFDC, part, lambda crop: rgb(crop, 224)) for part in parts]
    return np.concatenate([predict_plain(whole, pixels, *look) for pixels in read])


def rgb(crop: np.ndarray, size: int) -> np.ndarray:
    """Return a crop as uint8 RGB (size, size, 3)."""
    return cv2.cvtColor(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)


def measure(labels: np.ndarray, parts: dict, scores: dict, known: np.ndarray) -> dict[str, float]:
    """Return the columns of the table for one model, of its test crops."""
    test, fake = labels[parts["test"]], scores["test"]
    threshold = choose_threshold(labels[parts["val"]], scores["val"])
    return {
        "known": round(float(known.mean()), 4),
        "AUC": round(float(roc_auc_score(test, fake)), 4),
        "F1": round(float(f1_score(test, fake >= threshold, average="macro")), 4),
        "AUC known": auc_of(test[known], fake[known]),
        "AUC unknown": auc_of(test[~known], fake[~known]),
    }


def auc_of(labels: np.ndarray, scores: np.ndarray) -> float:
    enough = np.bincount(labels, minlength=2).min() >= 20
    return round(float(roc_auc_score(labels, scores)), 4) if enough else np.nan


def summary(rows: pd.DataFrame) -> list[dict]:
    """Return for each model and split the means over seeds, and of the differences to the split without that
    leak, null where it is that split.

    `auc_more`, `f1_more` and `known_more` are differences: the last of the AUC of known and unknown crops.
    `higher` is the number of seeds whose AUC is higher than without the leak. What has an interval is the
    result of `interval`.
    """
    found = []
    for (model, split), part in rows.groupby(["model", "split"], sort=False):
        base = rows[(rows["model"] == model) & (rows["split"] == BASE.get(split))].set_index("seed")
        gains = part.set_index("seed")[["AUC", "F1"]] - base[["AUC", "F1"]] if len(base) else None
        inside = (part["AUC known"] - part["AUC unknown"]).dropna()
        found.append(
            {
                "model": model,
                "split": split,
                "seeds": len(part),
                "sizes": {name: float(part[name].mean()) for name in (*SPLITS, "people", "leaked")},
                "known": float(part["known"].mean()),
                "auc": interval(part["AUC"]),
                "f1": interval(part["F1"]),
                "auc_more": interval(gains["AUC"]) if len(base) else None,
                "f1_more": interval(gains["F1"]) if len(base) else None,
                "higher": int((gains["AUC"] > 0).sum()) if len(base) else None,
                "known_more": interval(inside) if len(inside) > 1 else None,
            }
        )
    return found


def print_summary(found: list[dict]) -> None:
    columns = {"auc": "AUC", "f1": "F1", "auc_more": "AUC more", "f1_more": "F1 more"}
    columns |= {"known_more": "known - unknown"}
    for row in found:
        cells = [
            f"{title} {row[key]['mean']:+.3f} ± {row[key]['half']:.3f}"
            for key, title in columns.items()
            if row[key]
        ]
        sizes = "/".join(f"{row['sizes'][name]:.0f}" for name in SPLITS)
        print(f"{row['model']:6} {row['split']:16} {sizes:15} known {row['known']:.2f}  " + ", ".join(cells))


def interval(values: pd.Series) -> dict[str, float | list[float]]:
    """Return the `mean` of values, and `half` the width of its 95 % `interval` by Student's t."""
    mean, half = float(values.mean()), float("nan")
    if len(values) > 1:
        half = float(student.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values)))
    return {"mean": mean, "half": half, "interval": [mean - half, mean + half]}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors, features and pixels")
    parser.add_argument("--rows", type=Path, help="write the row of each model to this csv")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
