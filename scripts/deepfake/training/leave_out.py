"""Train without the fakes of one method, to see what a detector makes of fakes that it has not seen."""

from dataclasses import replace

import numpy as np

from deepfake.errors import UserError
from deepfake.inputs.decoded import Decoded
from deepfake.names import slugify

TRAINED_ON = ("train", "val")


def without_method(decoded: Decoded, method: str) -> Decoded:
    """Return `decoded` in which the fakes of a method are in neither train nor val; those of test stay.

    `method` is its name, or what `slugify` makes of it. The best epoch and the thresholds are chosen on val,
    so a fake of the method there would count as seen. Raises UserError if train and val have none.
    """
    rows = decoded.rows
    is_known = (rows["label"] == 1) & rows["split"].isin(TRAINED_ON)
    names = sorted({name for name in rows["method"][is_known].unique() if name})
    chosen = [name for name in names if method in (name, slugify(name))]
    if not chosen:
        raise UserError(
            f"--leave-out {method}: train and val have no such fakes; write one of {', '.join(names)}"
        )
    left_out = is_known & rows["method"].isin(chosen)
    return replace(decoded, rows=rows.assign(split=rows["split"].mask(left_out, "")))


def balancing_weights(labels: np.ndarray) -> dict[str, float]:
    """Return the weights of the classes with which both count the same, of `labels` (N,); as plan_summary."""
    counts = {"real": int((labels == 0).sum()), "fake": int((labels == 1).sum())}
    return {name: round(len(labels) / (2 * count), 6) for name, count in counts.items() if count}
