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
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import timm
import torch
from leaky_splits import SPLITS, crops, one_test, three_ways
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
            splits = three_ways(dealt, THREE, GUARD, seed) | one_test(dealt, ONE, GUARD, seed)
            for split, parts in splits.items():
                known = dealt.alike(parts["test"], parts["train"], KNOWN)
                sizes = {part: len(parts[part]) for part in SPLITS}
                measured = measure(labels, parts, score(parts, labels, seed), known)
                rows.append({"model": name, "split": split, "seed": seed} | sizes | measured)
                print(*rows[-1].values(), flush=True)
    if args.rows:
        pd.DataFrame(rows).to_csv(args.rows, index=False)
    summarise(pd.DataFrame(rows))


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


def summarise(rows: pd.DataFrame) -> None:
    """Print means and intervals over seeds, and of the differences to the split without that leak."""
    for model, of_model in rows.groupby("model", sort=False):
        for split, part in of_model.groupby("split", sort=False):
            base = of_model[of_model["split"] == BASE.get(split)].set_index("seed")
            cells = [f"{measured} {interval(part[measured])}" for measured in ("AUC", "F1")]
            if len(base):
                gains = part.set_index("seed")[["AUC", "F1"]] - base[["AUC", "F1"]]
                cells += [f"{measured} more {interval(gains[measured])}" for measured in ("AUC", "F1")]
            inside = (part["AUC known"] - part["AUC unknown"]).dropna()
            if len(inside) > 1:
                cells.append(f"known - unknown {interval(inside)}")
            sizes = "/".join(f"{part[name].mean():.0f}" for name in SPLITS)
            print(f"{model:6} {split:16} {sizes:15} known {part['known'].mean():.2f}  " + ", ".join(cells))


def interval(values: pd.Series) -> str:
    """Return the mean of values and its 95 % interval by Student's t."""
    half = (
        student.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values))
        if len(values) > 1
        else np.nan
    )
    return f"{values.mean():+.3f} ± {half:.3f}"


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
