"""What a model's section says about batches, without torch: which images stay together, and conflicts."""

from deepfake.networks.blend_settings import keeps_originals

CLASS_BALANCED = ("pairs", "balanced")
"""The values of `batches` with which half of a batch is fake."""


def group_size(model: dict) -> int:
    """Return how many images of a batch belong together: the frames of a set, of a real and a fake one.

    A real image and its blend belong together, too, where both are learnt.

    `model` is a model's section (`batches`, `frames`). A batch has whole groups, and so has each process's
    share of it.
    """
    paired = keeps_originals(model) or (model["batches"] in CLASS_BALANCED and model["fakes"])
    classes = 2 if paired else 1
    return classes * model["frames"]


def batch_conflict(model: dict) -> str:
    """Return what is wrong with a model's `batch_size`, `batches` and `frames` together; "" if nothing is."""
    batches, frames, size = model["batches"], model["frames"], model["batch_size"]
    if batches == "pairs" and not model["fakes"]:
        return (
            "batches: pairs can't be used with fakes: false, without which there are no pairs; write random"
        )
    together = group_size(model)
    if size % together == 0:
        return ""
    reasons = ["fakes: false, self_blend: 1"] * keeps_originals(model)
    reasons += [f"batches: {batches}"] * (batches in CLASS_BALANCED) + [f"frames: {frames}"] * (frames > 1)
    return (
        f"batch_size: {size} can't be used with {' and '.join(reasons)}; write a multiple of {together}, "
        f"such as {-(-size // together) * together}"
    )
