"""How a dataset's images were taken from videos, in words for its card."""

from deepfake.extraction.settings import DETECTOR_TITLES, detector_names, is_aligned, is_smoothed

BORDERS = {
    "black": "black outside the frame",
    "replicate": "outside the frame as the frame's edge",
    "reflect": "outside the frame as the frame's mirror image",
}


def describe_frames(cfg: dict) -> str:
    """Return how frames were sampled, by the settings `frames` of a corpus."""
    count = f"{cfg['count']} " if "count" in cfg else ""
    sampled = {
        "uniform": f"{count}evenly spaced frames",
        "interval": f"one frame in {cfg.get('every')}, {cfg.get('max') or 'any number'} at the most",
        "fractions": f"the frames at {and_text([str(at) for at in cfg.get('at', [])])}",
        "random": f"{count}frames drawn by chance",
    }[cfg["strategy"]]
    more = f", up to {cfg['boost']} times as many of the class with fewer videos" if "boost" in cfg else ""
    return f"{sampled} a video{more}, stored as {_format(cfg)}"


def describe_faces(cfg: dict) -> str:
    """Return how faces were found and cropped, by the settings `faces` of a corpus."""
    if cfg["detector"] == "none":
        return "taken as they are, without a detector"
    detector, *others = (DETECTOR_TITLES.get(name, name) for name in detector_names(cfg["detector"]))
    or_else = "".join(f", or else {other}" for other in others)
    return (
        f"the largest face that {detector} found{or_else}, of {cfg['max_faces']} at the most, "
        f"{_landmarks(cfg)}{_smoothed(cfg)}{_shape(cfg)}, scaled to {cfg['size']} pixels, "
        f"stored as {_format(cfg)}{_pairs(cfg)}"
    )


def _pairs(cfg: dict) -> str:
    """Return what a fake's images have from its original."""
    boxes = "; a fake's face is its original's, where that was sampled at the same frame"
    masks = "; masks show where a fake differs from the same frame of its original"
    return (boxes if cfg.get("boxes") == "original" else "") + (masks if cfg.get("masks") else "")


def _landmarks(cfg: dict) -> str:
    """Return which points were found, where the images depend on them or a licence on their model."""
    points = str(cfg.get("landmarks", "none"))
    if points == "68":
        return "with the landmarks of dlib's 68-point model, "
    if points == "none" or not is_aligned(cfg):
        return ""
    detectors = detector_names(cfg["detector"])
    if detectors == ["yunet"]:
        return "with YuNet's five landmarks, "
    else_of = "YuNet's own where it found the face, else " if "yunet" in detectors else ""
    return f"with five landmarks ({else_of}those of dlib's 5-point model), "


def _smoothed(cfg: dict) -> str:
    if not is_smoothed(cfg):
        return ""
    mean = {"median": "the median", "exponential": "an exponential mean"}[cfg["smoothing"]]
    return f"smoothed along the video by {mean} of {cfg['smooth']} frames, "


def _shape(cfg: dict) -> str:
    if not is_aligned(cfg):
        return f"in a square with a side of {cfg['margin']:g} times the face's longer side"
    return (
        "turned upright so that the eyes, the nose and the mouth lie as on ArcFace's template, in a square "
        f"with a side of {cfg['margin']:g} times the template's, {BORDERS[cfg['border']]}"
    )


def _format(cfg: dict) -> str:
    return f"{cfg['format']} of quality {cfg['quality']}" if cfg["format"] == "jpg" else cfg["format"]


def and_text(items: list[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
