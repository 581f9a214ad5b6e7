"""Which models are trained on features that were computed once, and what these features depend on.

Imports no torch: the workflow reads these before anything runs.
"""

import hashlib
import json
import re
from pathlib import Path

from deepfake.networks.settings import geometry_of, parse_arch, weights_digest

UNCHANGED = ("off", False, None, {})  # values of `augment` that change nothing
VIEWS = 4  # augmented views of an image of train, where the config says no other number
LONGEST = 60  # characters of a network's name in names of files


def keeps_features(model: dict) -> bool:
    """Return whether a model's training needs no more of an image than its features.

    So it is where the head alone is trained on top of given weights, and images aren't blended.
    """
    given = model.get("weights") or model["arch"].startswith("hf/")
    return bool(model.get("tune") == "head" and given and model["epochs"] and not model["self_blend"])


def encoder_section(model: dict) -> dict:
    """Return what the features depend on, of a model's section with the seed.

    Models that differ in their heads, losses or batches alone have equal ones. `seed` is null where nothing
    is random, and `feature_views` a number.
    """
    is_changed = model["augment"] not in UNCHANGED
    views = model.get("feature_views") or (VIEWS if is_changed else 1)
    keys = ("arch", "weights", "image_size", "pooling", "precision", "augment")
    own = {key: model[key] for key in keys if key in model}
    return own | {"feature_views": views, "seed": model["seed"] if is_changed else None}


def encoder_name(model: dict) -> str:
    """Return the name of a model's features in names of files: `resnet18-224-bicubic-1a2b3c4d`.

    It has the network, the size of images, and a digest of `encoder_section` and of the weights files.
    """
    arch = re.sub(r"[^\w.]+", "_", Path(parse_arch(model["arch"])[1]).name)[:LONGEST]
    content = json.dumps([encoder_section(model), weights_digest(model)], sort_keys=True)
    return f"{arch}-{geometry_of(model).name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def feature_conflict(model: dict) -> str | None:
    """Return why `feature_views` of a `models` section can't be used; None if it can."""
    views = model["feature_views"]
    if views and not keeps_features(model):
        return (
            f"feature_views: {views} can't be used where no features are kept; write tune: head, with "
            "weights, epochs above 0 and self_blend: 0, or feature_views: null"
        )
    if views and views > 1 and model["augment"] in UNCHANGED:
        return (
            f"feature_views: {views} can't be used with augment: off, since all would be the same; write null"
        )
    return None
