"""From a decoded dataset to the files of its features, resumed after a kill."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from deepfake.console import log, progress_bar
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.inputs.decoded import check_size, read_decoded
from deepfake.networks.build import build
from deepfake.networks.feature_detector import has_features
from deepfake.networks.settings import weights_digest
from deepfake.training.data import check_trainable
from deepfake.training.features import compute_features
from deepfake.training.run_folder import delete_run, open_run


def write_features(
    fabric: Fabric,
    section: dict,
    images: str | Path,
    rows: str | Path,
    plan_summary: Path,
    run: Path,
    outputs: dict[str, str | Path],
    output_facts: str | Path,
    code: str,
    limits: dict | None = None,
) -> dict:
    """Write the features of train and val to the files `outputs`, by split; return the content of the facts.

    `section` is an `encoder_section`; `images` (npy), `rows` (csv) and `plan_summary` (JSON) are those that
    training takes. Until all features are there they are in the folder `run`, from which a killed run with
    the same settings, data, weights and `code`, a digest of the program, is resumed. The facts are the
    numbers of `features` and `views` of an image of train, and each file's `sha256`. A network whose features
    can't be kept gets arrays without any.

    Raises UserError if a file or a setting is wrong, and ConcurrentWrite once another process has begun the
    same run.
    """
    try:
        plan, decoded = json.loads(plan_summary.read_text(encoding="utf-8")), read_decoded(images, rows)
        check_trainable(decoded, rows)
        built = build(section, section["seed"] or 0, limits=limits)
        check_size(decoded, built.geometry.size, images)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None
    detector, arch = built.detector.eval(), section["arch"]
    parts = [section, plan["sha256"], weights_digest(section), code, fabric.device.type]
    check_owner = open_run(run, hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest())
    views = {"train": section["feature_views"], "val": 1}
    files = {split: run / f"{split}.npy" for split in views}
    if has_features(detector, built.geometry.size):
        detector.to(fabric.device, memory_format=torch.channels_last)
        total = sum(views[split] * len(decoded.split(split)) for split in views)
        with progress_bar(total, f"features of {arch}", "images") as advance:
            for split, path in files.items():
                compute_features(fabric, detector, section, decoded, split, path, check_owner, advance)
    else:
        log.info("%s: its head is no single linear layer on an image's features, so none are kept", arch)
        for split, path in files.items():
            np.save(path, np.empty((views[split], len(decoded.split(split)), 0), np.float32))
    return _finish(run, files, outputs, output_facts)


def _finish(
    run: Path, files: dict[str, Path], outputs: dict[str, str | Path], output_facts: str | Path
) -> dict:
    """Copy the files to their places, write the facts, and delete the run."""
    shape = np.load(files["train"], mmap_mode="r").shape
    digests = {}
    for split, path in files.items():
        with open(path, "rb") as file:
            digests[split] = hashlib.file_digest(file, "sha256").hexdigest()
    for split, path in files.items():
        with new_file(outputs[split]) as new:
            shutil.copyfile(path, new)
    facts = {"features": shape[-1], "views": shape[0], "sha256": digests}
    with new_file(output_facts) as new:
        new.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    delete_run(run)
    return facts
