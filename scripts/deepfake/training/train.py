"""A training from the files that it reads to those that it writes, in one process or in several."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepfake.errors import UserError
from deepfake.evaluation.predictions import people_by_faces
from deepfake.hashing import files_digest, seeded_hash
from deepfake.inputs.decoded import Decoded, check_size, read_decoded
from deepfake.inputs.landmarks import Landmarks, read_landmarks
from deepfake.networks.blend_settings import blend_conflict, keeps_originals, landmark_kind
from deepfake.networks.build import Built, build
from deepfake.networks.deltas import encoder_of
from deepfake.networks.settings import checkpoint_conflict, weights_digest
from deepfake.training.batch_settings import CLASS_BALANCED
from deepfake.training.blender import Blender
from deepfake.training.data import Images, check_trainable, without_fakes
from deepfake.training.distributed import Processes
from deepfake.training.leave_out import balancing_weights, without_method
from deepfake.training.loggers import Logging
from deepfake.training.loop import Trained, fit
from deepfake.training.optimizer import with_defaults
from deepfake.training.results import copy_events, write_results
from deepfake.training.run_folder import delete_run
from deepfake.training.task import Task, make_task


def train(
    processes: Processes,
    dataset: str,
    name: str,
    model: dict,
    images: str | Path,
    rows: str | Path,
    plan_summary: Path,
    run: Path,
    output: Path,
    code: str,
    limits: dict | None = None,
    features: Sequence[str] = (),
    landmarks: Landmarks | None = None,
    people: str | None = None,
    leave_out: str = "",
    logger: str = "none",
    logger_folder: Path = Path(),
) -> dict | None:
    """Train the model `name` on `dataset`; return the content of its weights.json.

    Of several processes the first one writes all files, and the others return None.

    `model` is the model's section of the config, with the seed; `images` (npy) and `rows` (csv) are those of
    a decoded dataset, and `plan_summary` is the JSON beside its plan. Until the run is finished its files are
    in the folder `run`; it is resumed where settings, dataset, weights and `code`, a digest of the program,
    are the same. `output` gets the files of results.write_results, and the TensorBoard events.

    `limits` are those of the config, for weights from files. `features` are the arrays of train and val that
    features.py wrote, for a model of which the head alone is trained. `landmarks` are the files of the
    images' landmarks, and `people` the plan's table of who is seen, for a model whose self-blended images
    need them. `leave_out` names a method whose fakes are in neither train nor val (leave_out.without_method).
    `logger`, a key of loggers.LOGGERS or none, is where the history goes too, in `logger_folder`.
    Raises UserError if a file or a setting is wrong or the loss diverges, and ConcurrentWrite once another
    process has begun the same run.
    """
    seed = seeded_hash(model["seed"], dataset, name)
    plan, decoded, built = processes.run_together(
        lambda: _read(images, rows, plan_summary, model, seed, limits, leave_out)
    )
    model = with_defaults(model, built.detector)
    weights = class_weights(model, plan)
    left_out = {"leave_out": leave_out} if leave_out else {}
    files = [*(landmarks or ()), *filter(None, [people])]
    fingerprint = _fingerprint(model | left_out, plan, code, files)
    device = processes.fabric.device
    task = processes.run_together(lambda: make_task(built, decoded, model, device, features, rows))
    if task.model["self_blend"]:
        blender = processes.run_together(
            lambda: _blender(task.train, decoded, model, built, landmarks, people, seed)
        )
        task.train.blend = blender
    splits = task.train, task.val
    run_name = f"{dataset}/{name}" + (f" without {leave_out}" if leave_out else "")
    logging = None
    if logger != "none":
        data = {"dataset": dataset, "dataset_sha256": plan["sha256"], "images": plan["images"]}
        logging = Logging(logger, logger_folder, model | left_out | data)
    trained = fit(
        processes, task.detector, task.model, weights, *splits, run, run_name, fingerprint, seed, logging
    )
    metadata = {
        "training": model | left_out | {"class_weights": {"real": weights[0], "fake": weights[1]}},
        "dataset": {"name": dataset, "sha256": plan["sha256"], "images": plan["images"]},
        "preprocessing": preprocessing(plan),
    }
    # under torchrun the others wait: it ends a node's processes once those of another have ended for long
    return processes.run_together(
        lambda: _finish(run, output, built, trained, task, metadata, limits) if trained else None
    )


def preprocessing(plan: dict) -> dict:
    """Return how a dataset's images were made, by its plan's summary, so that others can be made alike.

    `shows` is "faces" or "frames"; `corpora` has for each corpus the settings of `frames` and `faces`, and
    `default` names the corpus with the most images. Empty where the plan doesn't say.
    """
    if "steps" not in plan:
        return {}
    counts = plan["corpora"]
    default = max(sorted(plan["steps"]), key=lambda corpus: counts.get(corpus, 0))
    return {"shows": plan["shows"], "default": default, "corpora": plan["steps"]}


def class_weights(model: dict, plan: dict) -> tuple[float, float]:
    """Return the weights of real and fake in the loss, by a model's section: `auto` takes the plan's.

    Where batches hold as many reals as fakes already, `auto` weighs both alike.
    """
    setting = model["class_weights"]
    balanced = keeps_originals(model) or (model["batches"] in CLASS_BALANCED and model["fakes"])
    if setting == "none" or (setting == "auto" and balanced):
        return 1.0, 1.0
    if setting == "auto" and not model["fakes"]:  # the plan's are of other fakes
        return 0.5 / (1 - model["self_blend"]), 0.5 / model["self_blend"]
    weights = plan["class_weights"] if setting == "auto" else setting
    return float(weights["real"]), float(weights["fake"])


def share_of_fakes(labels: np.ndarray, weights: tuple[float, float], model: dict) -> float:
    """Return the mean target of the loss, from 0 to 1: the best probability of fake for one who sees nothing.

    `labels` are those of train, real = 0 and fake = 1, and `weights` those of real and fake in the loss. Of a
    model's section count `batches`, `fakes`, `self_blend`, which makes fakes of reals, and `label_smoothing`.
    """
    fakes = float(labels.mean()) if model["fakes"] else 0.0
    if model["batches"] in CLASS_BALANCED and 0 < fakes < 1:
        fakes = 0.5
    fakes = 0.5 if keeps_originals(model) else fakes + (1 - fakes) * model["self_blend"]
    real, fake = weights
    share = fakes * fake / (fakes * fake + (1 - fakes) * real)
    return share * (1 - model["label_smoothing"]) + model["label_smoothing"] / 2


def _read(
    images: str | Path,
    rows: str | Path,
    plan_summary: Path,
    model: dict,
    seed: int,
    limits: dict | None,
    leave_out: str = "",
) -> tuple[dict, Decoded, Built]:
    """Return the plan's summary, the images, and the network before training."""
    try:
        plan = json.loads(plan_summary.read_text(encoding="utf-8"))
        if problem := blend_conflict(model):
            raise UserError(problem)
        decoded = read_decoded(images, rows)
        if leave_out:
            decoded = without_method(decoded, leave_out)
            labels = decoded.rows["label"].to_numpy()[decoded.split("train")]
            plan |= {"class_weights": balancing_weights(labels)}
        check_trainable(decoded, rows, model["fakes"])
        decoded = decoded if model["fakes"] else without_fakes(decoded)
        labels = decoded.rows["label"].to_numpy()[decoded.split("train")]
        built = build(model, seed, share_of_fakes(labels, class_weights(model, plan), model), limits)
        if (model["uniformity"] or model["alignment"]) and built.detector.head is None:
            raise UserError(
                f"uniformity and alignment need a network whose head is one linear layer; that of "
                f"{model['arch']} isn't"
            )
        check_size(decoded, built.geometry.size, images)
        if problem := checkpoint_conflict(model):
            raise UserError(problem)
        if model.get("checkpoint") == "delta":  # so that a wrong encoder is found before any training
            encoder_of(built.spec, built.detector.network, limits)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None
    return plan, decoded, built


def _blender(
    images: Images,
    decoded: Decoded,
    model: dict,
    built: Built,
    landmarks: Landmarks | None,
    people: str | None,
    seed: int,
) -> Blender:
    """Return what blends the images of train."""
    if landmarks is None and landmark_kind(model):
        raise UserError("self_blend_landmarks: no landmarks are given; write --landmarks NPY CSV")
    points = names = None
    if landmarks:
        points = read_landmarks(*landmarks, decoded.rows["image"], built.geometry)[images.numbers]
    if people:
        names = people_by_faces(images.rows, people)
    return Blender(model, images, points, names, seeded_hash(seed, "sources"))


def _fingerprint(model: dict, plan: dict, code: str, files: Sequence[str | Path]) -> str:
    """Return a digest of all that decides how training ends; `files` are those beside images and weights."""
    content = files_digest(Path(file) for file in files)
    parts = [model, plan["sha256"], plan["class_weights"], weights_digest(model), code, content]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _finish(
    run: Path,
    output: Path,
    built: Built,
    trained: Trained,
    task: Task,
    metadata: dict,
    limits: dict | None,
) -> dict:
    """Write the results, then delete the run."""
    is_delta = metadata["training"].get("checkpoint") == "delta"
    encoder = encoder_of(built.spec, built.detector.network, limits) if is_delta else None
    facts = write_results(output, built, replace(trained, rest=task.rest), task, metadata, encoder)
    copy_events(run, output)
    trained.check_owner()
    delete_run(run)
    return facts
