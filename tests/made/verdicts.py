"""Verdicts as judging gives them, of drawn faces, and a small model that never learnt."""

import math
from functools import cache

import numpy as np

from deepfake.checkpoints.best_pt import save_checkpoint
from deepfake.checkpoints.inference import Opened, open_model
from deepfake.demo.people import frame, head, moods, scene
from deepfake.detection.verdict import LeftOut, Person, ScoredFace, Verdict
from deepfake.extraction.images import encode
from deepfake.networks.build import build

EVIL = '<script>alert("x")</script>'
THRESHOLD, VIDEO_THRESHOLD = 0.5, 0.45
SHOWN = 8  # crops of a person
REASON = "no face found by dlib"


@cache
def face(number: int, moment: int, side: int = 96) -> bytes:
    """A square jpg of a drawn person."""
    state = moods(40, 10, np.random.default_rng(number))[moment % 40]
    picture = frame(scene(7, number, (side, side)), head(7, number), state)
    return encode(np.ascontiguousarray(picture[..., ::-1]), "jpg", 90)


def looks(
    number: int, scores: list[float], frames: list[int] | None = None, shown: int = SHOWN
) -> list[ScoredFace]:
    """A look for each score, every fifth frame of 25 a second unless `frames` says which; some have crops."""
    frames = frames or [5 * place for place in range(len(scores))]
    cropped = set(np.linspace(0, len(scores) - 1, min(shown, len(scores))).round().astype(int).tolist())
    return [
        ScoredFace(
            at, at / 25, (10, 20, 30, 40), 0.9, score, face(number, place) if place in cropped else b""
        )
        for place, (at, score) in enumerate(zip(frames, scores, strict=True))
    ]


def person(number: int, seen: list[ScoredFace], spread: float = 0.1) -> Person:
    """With an interval of `spread` to both sides of the mean."""
    mean = float(np.mean([look.probability for look in seen]))
    low, high = (max(0.0, mean - spread), min(1.0, mean + spread)) if len(seen) > 1 else (math.nan, math.nan)
    sure = len(seen) > 1 and not low <= VIDEO_THRESHOLD <= high
    return Person(number, seen, mean, low, high, "fake" if mean >= VIDEO_THRESHOLD else "real", sure)


def video(name: str, *people: Person, left_out: tuple[LeftOut, ...] = (), frames: int = 20) -> Verdict:
    """The verdict of a video is that of the highest score."""
    worst = max(people, key=lambda one: one.score, default=None)
    return Verdict(name, "video", frames, list(people), worst.number if worst else None, list(left_out))


def still(name: str, score: float) -> Verdict:
    look = ScoredFace(0, math.nan, None, math.nan, score, face(4, 0))
    return Verdict(name, "image", 1, [person(1, [look])], 1)


def unread(name: str, reason: str = "not a video that can be read") -> Verdict:
    return Verdict(name, "", 0, left_out=[LeftOut(None, reason)])


def wave(count: int, middle: float, phase: float = 0.0) -> list[float]:
    """Scores that go up and down."""
    return np.clip(middle + 0.12 * np.sin(np.arange(count) * 1.3 + phase), 0, 1).tolist()


def some() -> list[Verdict]:
    """A fake, a real with gaps, an unsure one of two people, stills, a crowd, and what can't be judged."""
    gaps = [0, 5, 10, 40, 45, 50, 80, 85]
    crowd = [person(n, looks(n, wave(20, 0.04 + 0.08 * n, n), shown=4)) for n in range(1, 13)]
    two = person(1, looks(3, wave(20, 0.44)), 0.06), person(2, looks(5, wave(12, 0.2)), 0.05)
    missing = tuple(LeftOut(n, REASON) for n in range(0, 95, 5) if n not in gaps) + (LeftOut(95, "damaged"),)
    return [
        video("clips/real.mp4", person(1, looks(1, wave(8, 0.15), gaps)), left_out=missing),
        video("clips/fake.mp4", person(1, looks(2, wave(20, 0.86)))),
        video("clips/two people.mp4", *two),
        video("crowd.mp4", *crowd),
        still("stills/one.png", 0.7),
        still(f"stills/{EVIL}.png", 0.2),
        unread("broken.mp4"),
        video("empty room.mp4", left_out=tuple(LeftOut(5 * n, REASON) for n in range(20))),
    ]


def model(folder) -> Opened:
    """A Meso-4 of 64 pixels with new weights, as open_model gives it, on one thread."""
    built = build({"arch": "meso4", "weights": None, "head": "new", "image_size": 64}, 1)
    path = folder / "best.pt"
    save_checkpoint(
        path,
        built.facts,
        built.detector.network.state_dict(),
        threshold=THRESHOLD,
        video_threshold=VIDEO_THRESHOLD,
        training={"arch": "meso4", "epochs": 3},
        dataset={"name": "small", "sha256": "ab" * 32},
        metrics={"val": {"f1_macro": 0.8125}},
        preprocessing={"shows": "faces", "default": "demo", "corpora": {"demo": {}, EVIL: {}}},
    )
    return open_model(path)
