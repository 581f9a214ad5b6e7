"""What a demo corpus holds and how its files are called, after the layouts of the real ones.

The real clips are 40 % of all, or one a person where that is more, up to half of all. From 2 clips a person
on, a larger corpus of the same people and seed holds the clips of a smaller one, byte for byte; below that,
dfdc and dfd still do, while the others may pair people anew.
"""

import json
from collections import Counter
from dataclasses import dataclass

from deepfake.hashing import seeded_hash

FACEFORENSICS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")
SCENES = (
    "exit_phone_room", "hugging_happy", "kitchen_pan", "kitchen_still", "meeting_serious",
    "outside_talking_pan_laughing", "outside_talking_still_laughing", "podium_speech_happy",
    "secondary_talking", "talking_against_wall", "talking_angry_couch", "walk_down_hall_angry",
    "walking_and_outside_surprised", "walking_down_indoor_hall_disgust",
    "walking_down_street_outside_angry", "walking_outside_cafe_disgusted",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST_STRANGER = 1000  # number of the first person under YouTube-real, who is nobody of the celebrities
Plan = tuple[dict[str, "Clip"], dict[str, str]]  # clips and texts, by name in the archive


@dataclass(frozen=True)
class Clip:
    """A clip to be rendered. A fake has the take of its original, a method and a source."""

    name: str
    take: str  # names the performance: motion, room and light
    target: int  # number of the person in front of the camera
    size: tuple[int, int]  # width, height
    frames: int
    method: str = ""  # a key of demo.METHODS, empty for a real clip
    source: int = -1  # number of the person whose face or expression is put in
    source_take: str = ""  # whose expression it is, for methods that keep the face


def plan(layout: str, cfg: dict, seed: int, fps: int) -> Plan:
    """Clips and texts of a corpus by their names in the archive. ValueError: it cannot be made."""
    if layout not in LAYOUTS:
        raise ValueError(f"demo: layout {layout!r} is unknown; choose one of {', '.join(sorted(LAYOUTS))}")
    least = {"people": 4, "clips": 4, "seconds": 0.2, "width": 240}
    if strange := sorted(set(cfg) ^ set(least)):
        raise ValueError(f"demo: {', '.join(strange)} is unknown or missing; the keys are {', '.join(least)}")
    for key, value in least.items():
        if cfg[key] < value:
            raise ValueError(f"demo: {key} is {cfg[key]}; give at least {value}")
    clips, texts = LAYOUTS[layout](_Maker(layout, cfg, seed, fps))
    if len(clips) != cfg["clips"]:
        raise ValueError(
            f"demo: layout {layout} has room for {len(clips)} clips of {cfg['people']} people, not for "
            f"{cfg['clips']}; ask for fewer clips or more people"
        )
    return clips, texts


@dataclass(frozen=True)
class _Maker:
    layout: str
    cfg: dict
    seed: int
    fps: int

    def real(self, take: str, person: int) -> Clip:
        """A real clip; one in ten is upright, one in ten larger, two in ten are wide."""
        w = self.cfg["width"]
        kind = seeded_hash(self.seed, "size", self.layout, take) % 10
        size = {0: (w * 3 // 4, w), 1: (w * 4 // 3, w), 2: (w, w * 9 // 16), 3: (w, w * 9 // 16)}.get(kind)
        width, height = size or (w, w * 3 // 4)
        take = f"{self.layout}/{take}"
        return Clip(take, take, person, (width & ~1, height & ~1), round(self.cfg["seconds"] * self.fps))

    def fake(self, name: str, of: Clip, source: int, method: str, source_take: str = "") -> Clip:
        take = f"{self.layout}/{source_take}"
        return Clip(f"{self.layout}/{name}", of.take, of.target, of.size, of.frames, method, source, take)

    def count(self) -> int:
        """How many clips are real."""
        clips = self.cfg["clips"]
        return max(round(0.4 * clips), min(self.cfg["people"], clips // 2))

    def victims(self, real: int) -> list[tuple[int, int]]:
        """For each fake which of the `real` clips is its original, and the how manieth fake of it it is."""
        turns, out = Counter(), []
        for i in range(self.cfg["clips"] - self.count()):
            original = (i // 2) % real
            out.append((original, turns[original]))
            turns[original] += 1
        return out

    def source(self, of: Clip, turn: int) -> int:
        """Somebody else than the target, of the same sex if possible; another for each turn."""
        others = [p for p in range(self.cfg["people"]) if p != of.target]
        others.sort(
            key=lambda p: (p // 2 % 2 != of.target // 2 % 2, seeded_hash(self.seed, "source", of.name, p))
        )
        return others[turn % len(others)]

    def letters(self, alphabet: str, length: int, *what: object) -> str:
        number, out = seeded_hash(self.seed, "letters", self.layout, *what), ""
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            out += alphabet[digit]
        return out


def _dfdc(make: _Maker) -> Plan:
    """Clip `r` of the real ones shows person `r % people`. Names tell nothing; metadata.json does."""
    folder = "train_sample_videos"
    clips, rows = {}, {}

    def name(kind: str, i: int) -> str:
        tries = (make.letters(LETTERS, 10, kind, i, t) + ".mp4" for t in range(100))
        return next(t for t in tries if t not in rows)

    originals = []
    for r in range(make.count()):
        file = name("real", r)
        originals.append((file, make.real(f"real {r}", r % make.cfg["people"])))
        rows[file] = {"label": "REAL", "split": "train", "original": None}
        clips[f"{folder}/{file}"] = originals[-1][1]
    for f, (original, turn) in enumerate(make.victims(len(originals))):
        file = name("fake", f)
        of_file, of = originals[original]
        method = ("Deepfakes", "Synthesis", "FaceSwap")[seeded_hash(make.seed, "method", f) % 3]
        rows[file] = {"label": "FAKE", "split": "train", "original": of_file}
        clips[f"{folder}/{file}"] = make.fake(f"fake {f}", of, make.source(of, turn), method)
    return clips, {f"{folder}/metadata.json": json.dumps(rows, sort_keys=True)}


def _faceforensics(make: _Maker) -> Plan:
    """One original a person, at most half of all clips; fakes of pairs, 000 with 001, in both directions."""
    people = min(make.cfg["people"], make.count())
    originals = [make.real(f"{p:03d}", p) for p in range(people)]
    clips = {f"original_sequences/youtube/c23/videos/{p:03d}.mp4": c for p, c in enumerate(originals)}
    paired = people // 2 * 2
    for f in range(min(make.cfg["clips"] - people, paired * len(FACEFORENSICS))):
        which = f % len(FACEFORENSICS)
        # Each method starts at another pair, so that few fakes already spread over all people.
        target = (f // len(FACEFORENSICS) + which * max(1, paired // len(FACEFORENSICS))) % paired
        source, method = target ^ 1, FACEFORENSICS[which]
        name = f"{method}/c23/videos/{target:03d}_{source:03d}.mp4"
        clips[f"manipulated_sequences/{name}"] = make.fake(
            name, originals[target], source, method, f"{source:03d}"
        )
    return clips, {}


def _dfd(make: _Maker) -> Plan:
    """Actors from 01 on, each before up to 16 scenes; a fake is named after target, source and scene."""
    people, clips, originals = make.cfg["people"], {}, []
    for r in range(min(make.count(), people * len(SCENES))):
        actor, scene = r % people, SCENES[(r // people + r % people * 5) % len(SCENES)]
        originals.append((scene, make.real(f"{actor + 1:02d}__{scene}", actor)))
        clips[f"DFD_original sequences/{actor + 1:02d}__{scene}.mp4"] = originals[-1][1]
    for original, turn in make.victims(len(originals)):
        scene, of = originals[original]
        source = make.source(of, turn)
        pair = f"{of.target + 1:02d}_{source + 1:02d}__{scene}"
        name = f"{pair}__{make.letters(LETTERS.upper() + '0123456789', 8, pair, turn)}.mp4"
        method = ("Deepfakes", "Synthesis")[seeded_hash(make.seed, "method", name) % 2]
        folder = "DFD_manipulated_sequences/DFD_manipulated_sequences"
        clips[f"{folder}/{name}"] = make.fake(name, of, source, method)
    return clips, {}


def _celebdf(make: _Maker) -> Plan:
    """Celebrities from id0 on; up to a fifth of the real clips show a stranger each, under YouTube-real."""
    people, real = make.cfg["people"], make.count()
    strangers = max(1, min(real // 5, real - people))
    clips, originals, tested = {}, [], []
    for r in range(real - strangers):
        file = f"id{r % people}_{r // people:04d}"
        originals.append((r // people, make.real(file, r % people)))
        clips[f"Celeb-real/{file}.mp4"] = originals[-1][1]
        tested += [f"1 Celeb-real/{file}.mp4"] * (r % 5 == 0)
    for s in range(strangers):
        clips[f"YouTube-real/{s:05d}.mp4"] = make.real(f"YouTube-real/{s:05d}", FIRST_STRANGER + s)
        tested += [f"1 YouTube-real/{s:05d}.mp4"] * (s % 5 == 0)
    for f, (original, turn) in enumerate(make.victims(len(originals))):
        number, of = originals[original]
        source = make.source(of, turn)
        file = f"id{of.target}_id{source}_{number:04d}.mp4"
        clips[f"Celeb-synthesis/{file}"] = make.fake(file, of, source, "Synthesis")
        tested += [f"0 Celeb-synthesis/{file}"] * (f % 5 == 0)
    return clips, {"List_of_testing_videos.txt": "\n".join(tested) + "\n"}  # 1 means real in this list


LAYOUTS = {"dfdc": _dfdc, "faceforensics": _faceforensics, "dfd": _dfd, "celebdf": _celebdf}
