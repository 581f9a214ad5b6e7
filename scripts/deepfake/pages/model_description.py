"""What the page of verdicts shows of the model, from the metadata in its file.

The file may come from anywhere: a value that is missing or of another type becomes a dash.
"""

import math

from deepfake.pages.render import DASH, decimal, plural


def describe_model(metadata: dict) -> dict[str, str]:
    """Return the network, its training data, its F1, its thresholds and its calibration as text, by title.

    `metadata` must have numbers as `threshold` and `video_threshold`; everything else may be missing.
    """
    images, videos = metadata["threshold"], metadata["video_threshold"]
    f1 = _number(metadata, "metrics", "val", "f1_macro")
    return {
        "Network": _network(metadata),
        "Trained on": _training_data(metadata),
        "Macro F1 on the validation set": f"{decimal(f1)} over single images" if f1 is not None else DASH,
        "Called fake": f"an image from a score of {images:.3f}, a person in a video from {videos:.3f}"
        + _of_several(metadata),
        "Calibrated": _calibration(metadata),
    }


def _network(metadata: dict) -> str:
    if "parts" not in metadata:
        return f"{_text(metadata, 'network', 'arch')}{', not trained further' * _is_untrained(metadata)}"
    parts = metadata["parts"]
    archs = ", ".join(dict.fromkeys(_text(part, "network", "arch") for part in parts))
    text = f"{plural(len(parts), 'network')} ({archs})"
    names = _get(metadata, "training", "ensemble", "models")
    if isinstance(names, list) and names:
        text = f"{', '.join(map(str, names))}: {text}"
    if len(parts) > 1:
        by_validation = _get(metadata, "training", "ensemble", "weighted") == "validation"
        text += f", weighted {'by validation' if by_validation else 'equally'}"
    return f"{text}, {plural(max(len(part['views']) for part in parts), 'view')} of each image"


def _of_several(metadata: dict) -> str:
    """Return up to which threshold that of a video rises where the highest of several scores decides."""
    thresholds = metadata.get("people_thresholds") or []
    if not thresholds or thresholds[-1] == thresholds[0]:
        return ""
    return f" (the highest of {len(thresholds)} or more people: from {thresholds[-1]:.3f})"


def _is_untrained(metadata: dict) -> bool:
    """Return whether the weights were taken from elsewhere and not trained here."""
    return _get(metadata, "training", "epochs") == 0


def _training_data(metadata: dict) -> str:
    text = f"{_text(metadata, 'dataset', 'name')}, digest {_text(metadata, 'dataset', 'sha256')[:12]}"
    if _is_untrained(metadata):
        text = f"data unknown here; its thresholds were chosen on {text}"
    corpora = _get(metadata, "preprocessing", "corpora")
    if isinstance(corpora, dict) and corpora:
        text += f"; {_text(metadata, 'preprocessing', 'shows')} of {', '.join(map(str, corpora))}"
    return text


def _calibration(metadata: dict) -> str:
    if _get(metadata, "training", "ensemble", "calibrate") is not True:
        return "no: scores near 0 and 1 may be overconfident"
    temperature = _number(metadata, "temperature")
    value = DASH if temperature is None else f"{temperature:.3g}"
    return f"on the validation set, by a temperature of {value}: there a score is close to the share of fakes"


def _get(metadata: object, *keys: str) -> object:
    """Return the value below nested `keys`; None if one of them is missing."""
    for key in keys:
        metadata = metadata.get(key) if isinstance(metadata, dict) else None
    return metadata


def _number(metadata: object, *keys: str) -> float | None:
    value = _get(metadata, *keys)
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _text(metadata: object, *keys: str) -> str:
    value = _get(metadata, *keys)
    return value if isinstance(value, str) and value else DASH
