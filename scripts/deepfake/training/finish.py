"""best.pt of a trained model: its weights, with the thresholds that the config asks for.

Training leaves the weights and what they predict for val. Thresholds are set in a step of its own, so that
another `evaluate.threshold` trains and predicts nothing again.
"""

import json
from pathlib import Path

from deepfake.checkpoints.best_pt import read_checkpoint, save_changed
from deepfake.errors import UserError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import aggregate_to_videos, read_predictions, thresholds_of
from deepfake.evaluation.thresholds import people_thresholds
from deepfake.files import new_file


def finish(
    weights: Path,
    facts: Path,
    val: Path,
    method: str | float,
    output: Path,
    output_facts: Path,
    limits: dict | None = None,
) -> dict:
    """Write best.pt and facts.json of a model, and return the content of the latter.

    `weights` is its weights.pt, `facts` the JSON that describes it, and `val` what these weights predict for
    val. `method` is that of choose_threshold; `limits` are those of the config. The thresholds of images, of
    videos and of videos of several people are those of val, and the metrics go by them; all else stays as it
    is. Raises UserError if a file can't be used.
    """
    checkpoint, predictions = read_checkpoint(weights, limits), read_predictions(val)
    try:
        described = json.loads(facts.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{facts} can't be read: {error}") from None
    chosen, videos = thresholds_of(predictions, method), aggregate_to_videos(predictions)
    labels, probabilities = predictions["label"].to_numpy(), predictions["probability"].to_numpy()
    changed = {
        "threshold": chosen["frame"],
        "video_threshold": chosen["video"],
        "people_thresholds": people_thresholds(videos["label"], videos["probability"], chosen["video"]),
        "metrics": checkpoint["metrics"] | {"val": compute_metrics(labels, probabilities, chosen["frame"])},
    }
    described |= changed | {"threshold_choice": {key: chosen[key] for key in ("how", "from")}}
    with new_file(output_facts) as path:
        path.write_text(json.dumps(described, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        save_changed(output, checkpoint, **changed)
    return described
