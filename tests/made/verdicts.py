"""Verdicts with rendered faces, as detection returns them, and a small untrained model."""

import math
from functools import cache

import numpy as np
from made.networks import decided_state

from deepfake.checkpoints.best_pt import save_checkpoint
from deepfake.checkpoints.inference import LoadedModel
from deepfake.checkpoints.open_model import open_model
from deepfake.demo.rendering import head_of, make_scene, performance, render_frame
from deepfake.detection.verdict import LeftOut, Person, ScoredFace, Verdict
from deepfake.extraction.images import encode
from deepfake.networks.build import build

EVIL = '<script>alert("x")</script>'
THRESHOLD, VIDEO_THRESHOLD = 0.5, 0.45
CROPS = 8  # of a person
REASON = "no face found by dlib"


@cache
def face_jpeg(number: int, moment: int, side: int = 96) -> bytes:
    """Return a square JPEG of a synthetic person."""
    state = performance(40, 10, np.random.default_rng(number))[moment % 40]
    view = render_frame(make_scene(7, number, (side, side)), head_of(7, number), state)
    return encode(np.ascontiguousarray(view[..., ::-1]), "jpg", 90)


def scored_faces(
    number: int, scores: list[float], frames: list[int] | None = None, shown: int = CROPS
) -> list[ScoredFace]:
    """Return a face for each score, of `frames` or every fifth frame at 25 fps; `shown` faces have crops."""
    frames = frames or [5 * place for place in range(len(scores))]
    cropped = set(np.linspace(0, len(scores) - 1, min(shown, len(scores))).round().astype(int).tolist())
    return [
        ScoredFace(
            at, at / 25, (10, 20, 30, 40), 0.9, score, face_jpeg(number, place) if place in cropped else b""
        )
        for place, (at, score) in enumerate(zip(frames, scores, strict=True))
    ]


def person(number: int, faces: list[ScoredFace], spread: float = 0.1) -> Person:
    """Return a person with an interval of `spread` on both sides of the mean score."""
    mean = float(np.mean([face.probability for face in faces]))
    low, high = (max(0.0, mean - spread), min(1.0, mean + spread)) if len(faces) > 1 else (math.nan, math.nan)
    sure = len(faces) > 1 and not low <= VIDEO_THRESHOLD <= high
    return Person(number, faces, mean, low, high, "fake" if mean >= VIDEO_THRESHOLD else "real", sure)


def video(name: str, *people: Person, left_out: tuple[LeftOut, ...] = (), frames: int = 20) -> Verdict:
    """Return the verdict of a video, which the person with the highest score decides."""
    worst = max(people, key=lambda one: one.score, default=None)
    decisive, used = (worst.number, VIDEO_THRESHOLD) if worst else (None, math.nan)
    return Verdict(name, "video", frames, list(people), decisive, list(left_out), used)


def image(name: str, score: float) -> Verdict:
    face = ScoredFace(0, math.nan, None, math.nan, score, face_jpeg(4, 0))
    return Verdict(name, "image", 1, [person(1, [face])], 1, [], THRESHOLD)


def not_judged(name: str, reason: str = "not a video that can be read") -> Verdict:
    return Verdict(name, "", 0, left_out=[LeftOut(None, reason)])


def wave(count: int, middle: float, phase: float = 0.0) -> list[float]:
    """Return scores that go up and down about `middle`."""
    return np.clip(middle + 0.12 * np.sin(np.arange(count) * 1.3 + phase), 0, 1).tolist()


def examples() -> list[Verdict]:
    """Return a fake video, a real one with gaps, an unsure one of two people, a crowd, images, failures."""
    gaps = [0, 5, 10, 40, 45, 50, 80, 85]
    crowd = [person(n, scored_faces(n, wave(20, 0.04 + 0.08 * n, n), shown=4)) for n in range(1, 13)]
    two = person(1, scored_faces(3, wave(20, 0.44)), 0.06), person(2, scored_faces(5, wave(12, 0.2)), 0.05)
    missing = tuple(LeftOut(n, REASON) for n in range(0, 95, 5) if n not in gaps) + (LeftOut(95, "damaged"),)
    return [
        video("clips/real.mp4", person(1, scored_faces(1, wave(8, 0.15), gaps)), left_out=missing),
        video("clips/fake.mp4", person(1, scored_faces(2, wave(20, 0.86)))),
        video("clips/two people.mp4", *two),
        video("crowd.mp4", *crowd),
        image("stills/one.png", 0.7),
        image(f"stills/{EVIL}.png", 0.2),
        not_judged("broken.mp4"),
        video("empty room.mp4", left_out=tuple(LeftOut(5 * n, REASON) for n in range(20))),
    ]


def model(folder) -> LoadedModel:
    """Return an untrained Meso-4 with an input of 64 pixels, opened on one thread."""
    built = build({"arch": "meso4", "weights": None, "head": "new", "image_size": 64}, 1)
    path = folder / "best.pt"
    save_checkpoint(
        path,
        built.spec,
        decided_state(built.detector.network),
        threshold=THRESHOLD,
        video_threshold=VIDEO_THRESHOLD,
        training={"arch": "meso4", "epochs": 3},
        dataset={"name": "small", "sha256": "ab" * 32},
        metrics={"val": {"f1_macro": 0.8125}},
        preprocessing={"shows": "faces", "default": "demo", "corpora": {"demo": {}, EVIL: {}}},
    )
    return open_model(path)
