"""The demo's detector: validation macro F1 over three seeds, and with permuted labels.

    python tests/bench/bench_demo.py --seeds 42 1 2

Each seed makes its own corpus, splits it, and trains the default model. The control trains on the first
seed's train and val with the labels of each permuted: it reaches what chance gives, and what the choice of
the best epoch and threshold adds to it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from videos import ROOT, copy_workflow

from deepfake.config.check import check_config
from deepfake.config.sections import as_param, model_section

ROWS = "results/decoded/dataset_2gb/256-bilinear.csv"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 1, 2])
    args = parser.parse_args()
    print("  seed      labels  val macro F1  val AUC  test, videos  epochs  seconds")
    for seed in args.seeds:
        with tempfile.TemporaryDirectory() as folder:
            copy_workflow(Path(folder))
            start = time.monotonic()
            run(folder, "snakemake", "--cores", "all", "--quiet", "all", "--config", f"seed={seed}")
            show(Path(folder), "model", seed, "true", time.monotonic() - start)
            if seed == args.seeds[0]:
                start = time.monotonic()
                permuted(Path(folder), seed)
                show(Path(folder), "permuted", seed, "permuted", time.monotonic() - start)


def run(folder: str | Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command] if command[0] == "snakemake" else command,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def permuted(folder: Path, seed: int) -> None:
    """Train on permuted labels, by the same program with the same settings."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    check_config(config, yaml.safe_load((ROOT / "rules/config.schema.yaml").read_text()))
    rows, rng = pd.read_csv(folder / ROWS, keep_default_na=False), np.random.default_rng(seed)
    for split in ("train", "val"):
        chosen = rows["split"] == split
        rows.loc[chosen, "label"] = rng.permutation(rows.loc[chosen, "label"].to_numpy())
    rows.to_csv(folder / "permuted.csv", index=False)
    section = as_param(model_section(config, "meso4") | {"seed": seed})
    run(
        folder,
        sys.executable,
        "scripts/train.py",
        "--images",
        ROWS.replace("csv", "npy"),
        "--rows",
        "permuted.csv",
        "--plan-summary",
        "results/plans/dataset_2gb.json",
        "--dataset",
        "dataset_2gb",
        "--model",
        "permuted",
        "--config",
        section,
        "--run-folder",
        "run",
        "--output",
        "permuted",
    )


def show(folder: Path, kind: str, seed: int, labels: str, seconds: float) -> None:
    where = folder / ("permuted" if kind == "permuted" else "results/models/dataset_2gb/meso4")
    val = json.loads((where / "weights.json").read_text())["metrics"]["val"]
    epochs = len(json.loads((where / "history.json").read_text()))
    test = ""
    if kind == "model":
        metrics = json.loads((folder / "results/reports/dataset_2gb/meso4/metrics.json").read_text())
        test = f"{metrics['splits']['test']['video']['metrics']['f1_macro']['value']:.3f}"
    numbers = f"{val['f1_macro']:>14.3f}{val['roc_auc']:>9.3f}{test:>14}{epochs:>8}{seconds:>9.0f}"
    print(f"{seed:>6}{labels:>12}{numbers}", flush=True)


if __name__ == "__main__":
    main()
