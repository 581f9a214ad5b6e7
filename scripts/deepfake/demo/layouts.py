"""Which videos a demo corpus holds and how its files are named, as in the real corpora.

40 % of the videos are real, or one for each person where that is more, but at most half of all. With 2
videos a person or more, a larger corpus of the same people and seed contains the videos of a smaller one,
byte for byte. With fewer, this still holds for dfdc and dfd, while the others may pair people differently.
"""

import json
from collections import Counter
from dataclasses import dataclass

from deepfake.errors import UserError
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
FIRST_STRANGER = 1000  # number of the first person under YouTube-real, none of whom is a celebrity
MINIMUM = {"people": 4, "clips": 4, "seconds": 0.2, "width": 240}
"""The keys of a demo corpus, with the lowest value of each; `clips` is the number of videos."""


@dataclass(frozen=True)
class VideoSpec:
    """A video to render. A fake has the take of its original, a method and a source."""

    name: str
    take: str  # names the performance: motion, room and light
    target: int  # number of the person in front of the camera
    size: tuple[int, int]  # width, height
    frames: int
    method: str = ""  # a key of manipulations.METHODS, empty for a real video
    source: int = -1  # number of the person whose face is inserted
    source_take: str = ""  # the performance whose expression is inserted, for methods that keep the face


Plan = tuple[dict[str, VideoSpec], dict[str, str]]
"""The videos and the text files of a corpus, by their names in the archive."""


def plan_corpus(layout: str, cfg: dict, seed: int, fps: int) -> Plan:
    """Return the videos and the text files of a corpus. Raises UserError for settings that are impossible."""
    if layout not in LAYOUTS:
        raise UserError(f"demo: layout {layout!r} is unknown; choose one of {', '.join(sorted(LAYOUTS))}")
    if wrong := sorted(set(cfg) ^ set(MINIMUM)):
        raise UserError(f"demo: {', '.join(wrong)} is unknown or missing; the keys are {', '.join(MINIMUM)}")
    for key, value in MINIMUM.items():
        if cfg[key] < value:
            raise UserError(f"demo: {key} is {cfg[key]}; give at least {value}")
    videos, texts = LAYOUTS[layout](_Planner(layout, cfg, seed, fps))
    if len(videos) != cfg["clips"]:
        raise UserError(
            f"demo: layout {layout} has room for {len(videos)} clips of {cfg['people']} people, not for "
            f"{cfg['clips']}; request fewer clips or more people"
        )
    return videos, texts


@dataclass(frozen=True)
class _Planner:
    """What all layouts need to plan a corpus: its settings, and the choices that its seed makes."""

    layout: str
    cfg: dict
    seed: int
    fps: int

    def real(self, take: str, person: int) -> VideoSpec:
        """Return a real video: one in ten is upright, one in ten is larger, two in ten are wide."""
        w = self.cfg["width"]
        choice = seeded_hash(self.seed, "size", self.layout, take) % 10
        sizes = {0: (w * 3 // 4, w), 1: (w * 4 // 3, w), 2: (w, w * 9 // 16), 3: (w, w * 9 // 16)}
        width, height = sizes.get(choice, (w, w * 3 // 4))
        take = f"{self.layout}/{take}"
        return VideoSpec(take, take, person, (width & ~1, height & ~1), round(self.cfg["seconds"] * self.fps))

    def fake(
        self, name: str, original: VideoSpec, source: int, method: str, source_take: str = ""
    ) -> VideoSpec:
        """Return a fake of the video `original`, with the face or the expression of the person `source`."""
        return VideoSpec(
            f"{self.layout}/{name}", original.take, original.target, original.size, original.frames,
            method, source, f"{self.layout}/{source_take}",
        )  # fmt: skip

    def real_count(self) -> int:
        """Return the number of real videos."""
        count = self.cfg["clips"]
        return max(round(0.4 * count), min(self.cfg["people"], count // 2))

    def originals(self, real: int) -> list[tuple[int, int]]:
        """Return (original, number) of each fake: an index below `real`, and a count of that one's fakes."""
        fakes_of, out = Counter(), []
        for i in range(self.cfg["clips"] - self.real_count()):
            original = (i // 2) % real
            out.append((original, fakes_of[original]))
            fakes_of[original] += 1
        return out

    def choose_source(self, original: VideoSpec, number: int) -> int:
        """Return the `number`-th choice of a person who isn't the target, of the same sex if possible."""

        def key(person: int) -> tuple[bool, int]:
            other_sex = person // 2 % 2 != original.target // 2 % 2
            return other_sex, seeded_hash(self.seed, "source", original.name, person)

        others = sorted((p for p in range(self.cfg["people"]) if p != original.target), key=key)
        return others[number % len(others)]

    def letters(self, alphabet: str, length: int, *names: object) -> str:
        """Return random letters that depend on the seed and `names`."""
        number, out = seeded_hash(self.seed, "letters", self.layout, *names), ""
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            out += alphabet[digit]
        return out


def _dfdc(planner: _Planner) -> Plan:
    """Real video `r` shows person `r % people`. File names say nothing; labels are in metadata.json."""
    folder = "train_sample_videos"
    videos, rows = {}, {}

    def unused_name(kind: str, i: int) -> str:
        candidates = (planner.letters(LETTERS, 10, kind, i, t) + ".mp4" for t in range(100))
        return next(name for name in candidates if name not in rows)

    originals = []
    for r in range(planner.real_count()):
        file = unused_name("real", r)
        originals.append((file, planner.real(f"real {r}", r % planner.cfg["people"])))
        rows[file] = {"label": "REAL", "split": "train", "original": None}
        videos[f"{folder}/{file}"] = originals[-1][1]
    for f, (number, of_it) in enumerate(planner.originals(len(originals))):
        file = unused_name("fake", f)
        original_file, original = originals[number]
        method = ("Deepfakes", "Synthesis", "FaceSwap")[seeded_hash(planner.seed, "method", f) % 3]
        rows[file] = {"label": "FAKE", "split": "train", "original": original_file}
        source = planner.choose_source(original, of_it)
        videos[f"{folder}/{file}"] = planner.fake(f"fake {f}", original, source, method)
    return videos, {f"{folder}/metadata.json": json.dumps(rows, sort_keys=True)}


def _faceforensics(planner: _Planner) -> Plan:
    """One original a person, at most half of all; fakes of pairs, 000 with 001, in both directions."""
    people = min(planner.cfg["people"], planner.real_count())
    originals = [planner.real(f"{p:03d}", p) for p in range(people)]
    videos = {f"original_sequences/youtube/c23/videos/{p:03d}.mp4": v for p, v in enumerate(originals)}
    paired = people // 2 * 2
    for f in range(min(planner.cfg["clips"] - people, paired * len(FACEFORENSICS))):
        which = f % len(FACEFORENSICS)
        # Each method starts at another pair, so that already a few fakes involve all people.
        target = (f // len(FACEFORENSICS) + which * max(1, paired // len(FACEFORENSICS))) % paired
        source, method = target ^ 1, FACEFORENSICS[which]
        name = f"{method}/c23/videos/{target:03d}_{source:03d}.mp4"
        fake = planner.fake(name, originals[target], source, method, f"{source:03d}")
        videos[f"manipulated_sequences/{name}"] = fake
    return videos, {}


def _dfd(planner: _Planner) -> Plan:
    """Actors from 01 on, each in up to 16 scenes; a fake is named after target, source and scene."""
    people, videos, originals = planner.cfg["people"], {}, []
    for r in range(min(planner.real_count(), people * len(SCENES))):
        actor, scene = r % people, SCENES[(r // people + r % people * 5) % len(SCENES)]
        originals.append((scene, planner.real(f"{actor + 1:02d}__{scene}", actor)))
        videos[f"DFD_original sequences/{actor + 1:02d}__{scene}.mp4"] = originals[-1][1]
    for number, of_it in planner.originals(len(originals)):
        scene, original = originals[number]
        source = planner.choose_source(original, of_it)
        pair = f"{original.target + 1:02d}_{source + 1:02d}__{scene}"
        name = f"{pair}__{planner.letters(LETTERS.upper() + '0123456789', 8, pair, of_it)}.mp4"
        method = ("Deepfakes", "Synthesis")[seeded_hash(planner.seed, "method", name) % 2]
        folder = "DFD_manipulated_sequences/DFD_manipulated_sequences"
        videos[f"{folder}/{name}"] = planner.fake(name, original, source, method)
    return videos, {}


def _celebdf(planner: _Planner) -> Plan:
    """Celebrities from id0 on; up to a fifth of the real videos, in YouTube-real, show one stranger each."""
    people, real = planner.cfg["people"], planner.real_count()
    strangers = max(1, min(real // 5, real - people))
    videos, originals, tested = {}, [], []
    for r in range(real - strangers):
        file = f"id{r % people}_{r // people:04d}"
        originals.append((r // people, planner.real(file, r % people)))
        videos[f"Celeb-real/{file}.mp4"] = originals[-1][1]
        tested += [f"1 Celeb-real/{file}.mp4"] * (r % 5 == 0)
    for s in range(strangers):
        videos[f"YouTube-real/{s:05d}.mp4"] = planner.real(f"YouTube-real/{s:05d}", FIRST_STRANGER + s)
        tested += [f"1 YouTube-real/{s:05d}.mp4"] * (s % 5 == 0)
    for f, (number, of_it) in enumerate(planner.originals(len(originals))):
        video, original = originals[number]
        source = planner.choose_source(original, of_it)
        file = f"id{original.target}_id{source}_{video:04d}.mp4"
        videos[f"Celeb-synthesis/{file}"] = planner.fake(file, original, source, "Synthesis")
        tested += [f"0 Celeb-synthesis/{file}"] * (f % 5 == 0)
    return videos, {"List_of_testing_videos.txt": "\n".join(tested) + "\n"}  # 1 means real in this list


LAYOUTS = {"dfdc": _dfdc, "faceforensics": _faceforensics, "dfd": _dfd, "celebdf": _celebdf}
