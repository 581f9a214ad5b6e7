"""The files that the summary page is made of, for models that were never trained."""

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

from deepfake.evaluation.evaluate import evaluate
from deepfake.evaluation.significance import compare_models
from deepfake.pages.summary_inputs import PLOTS

EVIL = '<script>alert("x")</script>'
METHODS = {"one": "Deepfakes", "two": "FaceSwap"}


def predictions(split: str, sharpness: float, videos: int = 24) -> pd.DataFrame:
    """Predictions with reals and fakes of two corpora, 4 frames a video and 2 videos a person."""
    rng = np.random.default_rng([len(split), round(100 * sharpness)])
    rows = []
    for number in range(videos):
        label, corpus = number % 2, "one" if number % 4 < 2 else "two"
        middle = rng.normal((label - 0.5) * sharpness)
        known = {"corpus": corpus, "video": f"v{number}", "method": METHODS[corpus] if label else ""}
        known |= {"label": label, "target": f"fam:{number // 2}", "group": f"g{number // 2}"}
        for frame in range(4):
            score = 1 / (1 + np.exp(-2 * middle - rng.normal()))
            rows.append({"image": f"{split}/{number}_{frame}.jpg", **known, "probability": score})
    return pd.DataFrame(rows)


def write_plot(path: Path, title: str) -> None:
    """Write an svg with text, clip paths and glyphs, or a png of one colour."""
    if path.suffix == ".png":
        Image.new("RGB", (320, 120), "#8899aa").save(path)
        return
    figure = Figure(figsize=(5, 4))
    axes = figure.add_subplot(title=title)
    axes.plot([0, 0.2, 1], [0, 0.9, 1])
    FigureCanvasSVG(figure).print_svg(path, metadata={"Date": None})


def plain(html: str) -> str:
    """Return the text of a page, without its title, on one line."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("</style>")[1])))


def write(path: Path, content) -> Path:
    """Write text as it is, and anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content) if not isinstance(content, str) else content, encoding="utf-8")
    return path


SHARPNESS = {"a": 1.0, "b": 4.0}
"""Of the models that are made by `make_results`."""


def make_model(root: Path, name: str, sharpness: float, test: bool = True) -> None:
    """Write report and training of one model; the higher `sharpness`, the better its scores."""
    reports, training = root / "reports/small" / name, root / "models/small" / name
    tested = predictions("test", sharpness)
    metrics = evaluate(
        tested if test else tested[:0],
        predictions("val", sharpness),
        {"threshold": "f1_macro", "bootstrap": 100},
        seed=1,
    )
    write(reports / "metrics.json", {"dataset": "small", "model": name, **metrics})
    for plot in PLOTS:
        write_plot(reports / plot, plot)
    epochs = [
        {
            "epoch": e,
            "train_loss": 0.7 / e,
            "val_loss": 0.8 / e,
            "images_per_second": 90.0 + e,
            "seconds": 6.0,
        }
        for e in (1, 2, 3)
    ]
    write(training / "history.json", epochs)
    write_plot(training / "curves.svg", "curves")
    facts = {
        "arch": "meso4",
        "parameters": 27977,
        "geometry": {"size": 256, "resize": 256, "resample": "bilinear"},
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
        "threshold": 0.5,
        "training": {"epochs": 3, "lr": 0.001, "seed": 7},
        "dataset": {"name": "small", "sha256": "c39e7c7c" * 8},
        "versions": {"torch": "2.15.0", "numpy": "2.4.0"},
        "metrics": {"epoch": 3, "val": {"f1_macro": sharpness / 5}},
    }
    write(training / "facts.json", facts)


def make_scores(root: Path, name: str, sharpness: float, val: bool = True) -> dict[str, list]:
    """Write report and facts of scores from elsewhere; return the argument of read_summary for them."""
    reports, folder = root / "reports/small" / name, root / "predictions/small" / name
    known = predictions("val", sharpness)
    cfg = {"threshold": "f1_macro", "bootstrap": 100}
    metrics = evaluate(predictions("test", sharpness), known if val else known[:0], cfg, seed=1)
    write(reports / "metrics.json", metrics)
    splits = {"val": {"images": 96, "without": 0 if val else 96}, "test": {"images": 96, "without": 7}}
    facts = {"table": f"{name}.csv", "by": "image", "missing": "chance", "scale": "logit", "unknown": 1}
    write(folder / "facts.json", facts | {"splits": splits})
    return {"scores": [(name, reports, folder)]}


def make_dataset(root: Path, test: bool = True, name: str = "one") -> None:
    """Write plan, audit, attrition and contact sheet of the dataset `small`."""
    splits = ["train", "val", "test"] if test else ["train", "val"]
    count = {"bytes": 500_000, "images": 96, "videos": 24}
    parts = [
        {**count, "corpus": corpus, "class": label, "method": "Deepfakes" * (label == "fake"), "split": split}
        for split in splits
        for corpus in (name, "two")
        for label in ("fake", "real")
    ]
    classes = {"fake": count, "real": count}
    summary = {"images": 1234, "bytes": 6_000_000, "splits": {split: classes for split in splits}}
    write(root / "plans/small.json", {**summary, "steps": {"one": {"faces": {"detector": "dlib"}}}})
    texts = {"files": "Every row has its file.", "people": "Nobody is in two splits."}
    checks = [
        {"name": name, "status": "passed", "known": None, "found": 0, "examples": [], "text": text}
        for name, text in texts.items()
    ]
    audit = {
        "dataset": "small",
        "images": 1234,
        "bytes": 6_000_000,
        "policy": "identity",
        "checks": checks,
        "passed": True,
        "class_weights": {},
        "strata": {},
        "splits": {s: {"asked": 1 / 3, "share": 1 / 3, "classes": classes} for s in splits},
        "parts": parts,
    }
    write(root / "reports/small/audit.json", audit)
    lines = [
        "corpus,class,method,step,videos_in,videos_on,images_in,images_on,left_out,warning",
        f"{name},fake,Deepfakes,index,30,29,,,1 no label,",
        f"{name},fake,Deepfakes,frames,29,29,290,290,,",
        f"{name},fake,Deepfakes,faces,29,29,290,281,9 no face,",
        f"{name},fake,Deepfakes,duplicates,29,29,281,277,4 near-duplicate,",
        f"{name},fake,FaceSwap,index,5,5,,,,",
        f"{name},fake,FaceSwap,frames,5,5,50,50,,",
        f"{name},fake,FaceSwap,faces,5,5,50,30,20 no face,FaceSwap loses 40 %; fakes lose more",
        f"{name},fake,FaceSwap,duplicates,5,5,30,30,,",
        f"{name},real,,index,19,19,,,,",
        f"{name},real,,frames,19,19,380,380,,",
        f"{name},real,,faces,19,19,380,380,,",
        f"{name},real,,duplicates,19,19,380,296,84 near-duplicate,",
    ]
    write(root / "reports/small/attrition.csv", "\n".join(lines) + "\n")
    write_plot(root / "reports/small/attrition.png", "attrition")
    (root / "small").mkdir(parents=True, exist_ok=True)
    write_plot(root / "small/contact_sheet.png", "contact sheet")


def make_results(root: Path, test: bool = True, name: str = "one") -> Path:
    """Write results of the dataset `small`, of corpora `name` and two, and of models a and b; b is chosen."""
    make_dataset(root, test, name)
    for model, sharpness in SHARPNESS.items():
        make_model(root, model, sharpness, test)
    tested = {model: predictions("test", sharpness) for model, sharpness in SHARPNESS.items()}
    tested = tested if test else {model: table[:0] for model, table in tested.items()}
    write(root / "report/significance.json", compare_models(tested, dict.fromkeys(tested, 0.5), 200, seed=1))
    candidates = [
        {"model": "b", "f1_macro": 0.91, "log_loss": 0.2},
        {"model": "a", "f1_macro": 0.6, "log_loss": 1},
    ]
    choice = {"chosen": "b", "dataset": "small", "by": "val f1_macro", "candidates": candidates}
    write(root / "model/choice.json", choice)
    cross = [
        "model,trained,tested,images,videos,left_out,f1_macro,roc_auc,video_f1_macro,video_roc_auc",
        "b,small,small,96,24,0,0.81234,0.9,0.85,0.95",
        "b,small,big,0,0,96,,,,",
    ]
    write(root / "report/cross.csv", "\n".join(cross) + "\n")
    write_plot(root / "report/cross.svg", "cross")
    return root


def inputs(root: Path, models: str = "ab", cross: bool = False, significance: bool = False) -> dict:
    """Return the arguments of read_summary."""
    folders = {"reports": root / "reports/small", "training": root / "models/small"}
    found = {
        "dataset": root / "small",
        "plan_summary": root / "plans/small.json",
        "audit": root / "reports/small/audit.json",
        "attrition": root / "reports/small/attrition.csv",
        "attrition_picture": root / "reports/small/attrition.png",
        "choice": root / "model/choice.json",
        "models": [(name, *(folder / name for folder in folders.values())) for name in models],
    }
    if significance:
        found["significance"] = root / "report/significance.json"
    if cross:
        found |= {"cross": root / "report/cross.csv", "cross_picture": root / "report/cross.svg"}
    return found


def options(found: dict) -> list[str]:
    """Return these arguments as options of scripts/summarise.py."""
    single = [(key, [value]) for key, value in found.items() if key not in ("models", "scores")]
    names = list(zip(("models", "reports", "training"), zip(*found["models"], strict=True), strict=True))
    if found.get("scores"):
        keys = ("scores", "score_reports", "score_predictions")
        names += zip(keys, zip(*found["scores"], strict=True), strict=True)
    return [t for key, values in [*single, *names] for t in (f"--{key.replace('_', '-')}", *map(str, values))]
