"""LAV-DF: real clips, and copies of them in which picture, sound or both are fake for a moment."""

import json

from made.trees import Tree

REAL, BOTH, SOUND = range(8), range(100, 108), range(200, 202)
SPLITS = ["train", "train", "train", "train", "dev", "dev", "test", "test"]


def record(number: int, picture: bool, sound: bool) -> dict:
    split, is_real = SPLITS[number % 100], number < 100
    return {
        "file": f"{split}/{number:06d}.mp4",
        "n_fakes": 0 if is_real else 1,
        "fake_periods": [] if is_real else [[0.04, 0.14]],
        "duration": 0.2,
        "original": None if is_real else f"{split}/{number % 100:06d}.mp4",
        "modify_video": picture,
        "modify_audio": sound,
        "split": split,
    }


RECORDS = [record(n, False, False) for n in REAL]
RECORDS += [record(n, True, n % 2 == 0) for n in BOTH] + [record(n, False, True) for n in SOUND]

TREE = Tree(
    [f"LAV-DF/{entry['file']}" for entry in RECORDS],
    texts={"LAV-DF/metadata.min.json": json.dumps(RECORDS)},
    odd={"LAV-DF/train/000300.mp4": "no metadata.min.json lists it", "LAV-DF/other.mp4": "name does not fit"},
)
