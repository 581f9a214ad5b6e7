"""A training from the files that it reads to those that it leaves, by one process or by several."""

import hashlib
import json
from pathlib import Path

from deepfake.hashing import seeded_hash
from deepfake.inputs.decoded import Decoded, check_size, read_decoded
from deepfake.networks.build import Built, build
from deepfake.networks.settings import weights_digest
from deepfake.training.distributed import Failed, Group
from deepfake.training.fit import Fitted, Machine, check, clear, fit
from deepfake.training.results import class_weights, keep_events, write_outcome


def train(
    dataset: str,
    name: str,
    model: dict,
    images: str | Path,
    rows: str | Path,
    kept: Path,
    run: Path,
    output: Path,
    code: str,
    machine: Machine,
    group: Group,
) -> dict | None:
    """Train the model `name` on `dataset`, and give what its facts.json holds; None where it only helped.

    `model` is the model's section of the config, with the seed; `images` (npy) and `rows` (csv) are those of
    a decoded dataset, `kept` is the JSON of what its plan keeps. A run that isn't finished lies in `run`; it
    is gone on from where settings, dataset, weights and `code`, a digest of the program, are the same. What
    outcome.write_outcome describes goes to `output`, with the TensorBoard events. Raises Failed, Diverged
    and ConcurrentWrite.
    """
    seed = seeded_hash(model["seed"], dataset, name)
    plan, decoded, built = group.together(lambda: _read(images, rows, kept, model, seed))
    weights, mark = class_weights(model, plan), _fingerprint(model, plan, code)
    fitted = fit(
        built.detector, model, weights, decoded, run, f"{dataset}/{name}", mark, seed, machine, group
    )
    training = model | {"class_weights": {"real": weights[0], "fake": weights[1]}}
    learnt = {"name": dataset, "sha256": plan["sha256"], "images": plan["images"]}
    facts = {"training": training, "dataset": learnt, "preprocessing": preprocessing(plan)}
    # under torchrun the others wait: it ends a node's processes once another node's have gone for long
    return group.together(lambda: _finish(run, output, built, fitted, decoded, facts) if fitted else None)


def preprocessing(plan: dict) -> dict:
    """How a dataset's images were made, so that others can be made alike: of what its plan keeps.

    `shows` is "faces" or "frames"; `corpora` has for each corpus the settings of `frames` and `faces`, and
    `default` names the corpus that gave most images. Empty where the plan doesn't say.
    """
    if "steps" not in plan:
        return {}
    counts = plan["corpora"]
    default = max(sorted(plan["steps"]), key=lambda corpus: counts.get(corpus, 0))
    return {"shows": plan["shows"], "default": default, "corpora": plan["steps"]}


def _read(
    images: str | Path, rows: str | Path, kept: Path, model: dict, seed: int
) -> tuple[dict, Decoded, Built]:
    """What the plan keeps, the images, and the untrained network. Raises Failed where they don't fit."""
    try:
        plan = json.loads(kept.read_text(encoding="utf-8"))
        decoded = read_decoded(images, rows)
        check(decoded)
        built = build(model, seed)
        check_size(decoded, built.geometry.size, images)
    except (ValueError, OSError) as error:
        raise Failed(str(error)) from None
    return plan, decoded, built


def _fingerprint(model: dict, plan: dict, code: str) -> str:
    """Stands for all that decides how training ends: a run with another one is not gone on from."""
    parts = [model, plan["sha256"], plan["class_weights"], weights_digest(model), code]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _finish(run: Path, output: Path, built: Built, fitted: Fitted, decoded: Decoded, facts: dict) -> dict:
    """Write the outcome, then delete the run that led to it."""
    found = write_outcome(output, built, fitted, decoded, facts)
    keep_events(run, output)
    fitted.check()
    clear(run)
    return found
