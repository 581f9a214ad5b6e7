"""From media to verdicts: processes make them ready while the model judges what is ready already."""

import math
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deepfake.checkpoints.inference import Opened
from deepfake.detection.batches import Batches
from deepfake.detection.faces import Seen, without_images
from deepfake.detection.media import IMAGE, MediaFile
from deepfake.detection.people import Sight, link
from deepfake.detection.scores import decide, score_person
from deepfake.detection.verdict import LeftOut, ScoredFace, Verdict
from deepfake.detection.worker import Done, Found, Lost, Part, Start, Stills, Told, Whole
from deepfake.detection.worker_pool import Crew, Gone, Member
from deepfake.layouts.entries import Entry

BLOCK = 32  # frames of a video, or media in which stills lie, that go through the model together
STILLS = 4  # a task
PART = 64  # frames, the least that a video falls into where there are media enough for all processes
SHORT_PART = 4  # where there aren't
PARTS = 4  # a process: a part begins with reading the video's packets and its group of pictures again
AHEAD = 2000  # media that may be judged before an earlier one


def detect_media(
    media: Sequence[MediaFile],
    model: Opened,
    preprocessing: dict,
    *,
    people: str = "worst",
    bootstrap: int = 1000,
    seed: int = 0,
    workers: int = 1,
    shown: int = 8,
) -> Iterator[Verdict]:
    """A verdict for each of `media`, in their order, each as soon as it and all before it are done.

    `preprocessing` is that of preprocessing.preprocessing_of; `people`, `bootstrap` and `seed` are those of
    scoring; `workers` processes make media ready; crops are kept of `shown` frames of a video. The verdicts
    don't depend on `workers`. What can't be read or judged is left out with its reason. Raises
    crew.CantWork where no process can begin, such as without the face detector's model file.
    """
    media = list(media)
    stills = sum(medium.kind == IMAGE and not medium.reason for medium in media)
    videos = sum(medium.kind != IMAGE and not medium.reason for medium in media)
    number = min(workers, -(-stills // STILLS) + videos * workers)  # a video may fall in parts
    start = Start(preprocessing, model.geometries, shown)
    with tempfile.TemporaryDirectory(prefix="deepfake-") as folder, Crew(start, number) as crew:
        for one in _Judging(media, model, Path(folder), crew, workers).finished():
            yield _verdict(one, model.facts, people, bootstrap, seed)


@dataclass(eq=False)
class _Underway:
    """A medium that is being judged: of each frame asked for what was seen, but for its images."""

    medium: MediaFile
    wanted: list[int] = field(default_factory=list)
    seen: dict[int, Seen] = field(default_factory=dict)
    probabilities: dict[int, np.ndarray] = field(default_factory=dict)
    whole: list[str] = field(default_factory=list)  # what is to be said of the medium, not of one frame
    is_open: bool = False
    is_parted: bool = False

    @property
    def is_done(self) -> bool:
        return self.is_open and len(self.probabilities) == len(self.wanted)


class _Judging:
    """Which tasks are left, who does which, and what is known of each medium."""

    def __init__(self, media: list[MediaFile], model: Opened, folder: Path, crew: Crew, workers: int):
        self._crew, self._batches = crew, Batches(model.logits)
        self._media, self._folder = media, folder
        self._underway: dict[int, _Underway] = {}
        self._oldest = 0
        self._part = PART if len(media) >= 2 * workers else SHORT_PART
        self._parts = PARTS * workers
        self._again: deque[Stills | Part] = deque()
        self._tasks = self._all_tasks()
        self._next = next(self._tasks, None)

    def finished(self) -> Iterator[_Underway]:
        """Each medium, in order."""
        while self._oldest < len(self._media):
            one = self._of(self._oldest)
            if one.is_done:
                del self._underway[self._oldest]
                self._oldest += 1
                yield one
                continue
            for member in self._crew.members:
                if member.task is None and (task := self._take()):
                    member.give(task)
            member, message = self._crew.hear()
            self._listen(member, message)

    def _all_tasks(self) -> Iterator[Stills | Whole]:
        for start in range(0, len(self._media), BLOCK):
            some = list(enumerate(self._media[start : start + BLOCK], start))
            stills = [(n, one) for n, one in some if one.kind == IMAGE and not one.reason]
            for first in range(0, len(stills), STILLS):
                yield Stills(stills[first : first + STILLS])
            for n, one in some:
                if one.kind != IMAGE and not one.reason:
                    yield Whole(n, one, self._folder / self._place(n), self._part, self._parts)

    def _take(self) -> Stills | Whole | Part | None:
        """The next task, None where there is none, or only of media too far ahead."""
        if self._again:
            return self._again.popleft()
        task = self._next
        first = task.media[0][0] if isinstance(task, Stills) else task.number if task else 0
        if task is None or first >= self._oldest + AHEAD:
            return None
        self._next = next(self._tasks, None)
        return task

    def _of(self, number: int) -> _Underway:
        """What is known of a medium; the stills of its block are announced with it."""
        if number not in self._underway:
            start = number - number % BLOCK
            block = range(start, min(start + BLOCK, len(self._media)))
            stills = [n for n in block if self._media[n].kind == IMAGE and not self._media[n].reason]
            self._batches.announce(("stills", start), [(n, 0) for n in stills])
            for n in block:
                medium = self._media[n]
                self._underway[n] = _Underway(
                    medium,
                    [0] if n in stills else [],
                    whole=[medium.reason] if medium.reason else [],
                    is_open=medium.kind == IMAGE or bool(medium.reason),
                )
        return self._underway[number]

    def _place(self, number: int) -> str:
        """Where a video of a zip is unpacked to, in the folder of this run."""
        return f"{number}{Entry('', self._media[number].member).suffix}"

    def _listen(self, member: Member, message: object) -> None:
        match message:
            case Found():
                self._found(message)
            case Told():
                for seen in message.seen:
                    self._add(message.number, seen)
            case Lost():
                self._lose(message.number, member.task, message.reason)
            case Done():
                self._close(member.task, "it was not decoded")
                member.task = None
            case Gone():
                self._close(member.task, f"the process that read it ended {message.how}")

    def _found(self, message: Found) -> None:
        one = self._of(message.number)
        one.wanted, one.is_open, one.is_parted = message.wanted, True, bool(message.parts)
        one.whole += [message.damage] if message.damage else []
        for start in range(0, len(one.wanted), BLOCK):
            positions = range(start, min(start + BLOCK, len(one.wanted)))
            self._batches.announce((message.number, start), [(message.number, n) for n in positions])
        place = self._folder / self._place(message.number)
        for positions in reversed(message.parts):
            self._again.appendleft(Part(message.number, one.medium, place, one.wanted, positions))

    def _add(self, number: int, seen: Seen) -> None:
        """Note a frame, and what the model says once its block is whole."""
        one = self._of(number)
        faces = [face.images for face in seen.faces]
        one.seen[seen.position] = without_images(seen)
        block = ("stills", number - number % BLOCK)
        if one.medium.kind != IMAGE:
            block = (number, seen.position - seen.position % BLOCK)
        for (n, position), found in self._batches.add(block, (number, seen.position), faces).items():
            self._of(n).probabilities[position] = found
        if one.is_done and one.medium.member:
            (self._folder / self._place(number)).unlink(missing_ok=True)

    def _lose(self, number: int, task: Stills | Whole | Part, reason: str) -> None:
        """Give up what is left of a medium in a task."""
        one = self._of(number)
        if not one.is_open:
            one.whole.append(reason)
            one.is_open = True
            (self._folder / self._place(number)).unlink(missing_ok=True)
        of_all = range(len(one.wanted)) if not isinstance(task, Part) else task.positions
        for position in of_all:
            if position not in one.seen:
                self._add(number, Seen(position, one.wanted[position], math.nan, [], [reason]))

    def _close(self, task: Stills | Whole | Part | None, reason: str) -> None:
        """End a task; of stills only the first that nothing is known of has had the time to do harm."""
        if isinstance(task, Stills):
            left = [(n, medium) for n, medium in task.media if n >= self._oldest and not self._of(n).seen]
            if left:
                self._lose(left[0][0], task, reason)
            if left[1:]:
                self._again.append(Stills(left[1:]))
        elif task and task.number >= self._oldest and not self._falls_in_parts(task):
            self._lose(task.number, task, reason)

    def _falls_in_parts(self, task: Whole | Part) -> bool:
        """Whether its frames are the tasks of others."""
        return isinstance(task, Whole) and self._of(task.number).is_parted


def _verdict(one: _Underway, facts: dict, whose: str, rounds: int, seed: int) -> Verdict:
    """Join what was seen to people, score them and decide."""
    kind = one.medium.kind
    threshold = facts["threshold" if kind == IMAGE else "video_threshold"]
    frames = [one.seen[position] for position in range(len(one.wanted))]
    numbers = _people(frames)
    looks: dict[int, list[ScoredFace]] = {}
    for position, (seen, persons) in enumerate(zip(frames, numbers, strict=True)):
        for face, person, p in zip(seen.faces, persons, one.probabilities[position], strict=True):
            look = ScoredFace(seen.frame, seen.time, face.box, face.found, float(p), face.crop)
            looks.setdefault(person, []).append(look)
    name = one.medium.name
    people = [score_person(n, looks[n], threshold, rounds, seed, name) for n in sorted(looks)]
    left_out = [LeftOut(None, reason) for reason in one.whole]
    left_out += [LeftOut(seen.frame, reason) for seen in frames for reason in seen.reasons]
    return Verdict(name, kind, len(one.wanted), people, decide(people, whose), left_out)


def _people(frames: list[Seen]) -> list[list[int]]:
    """The numbers of the people in each frame; whole frames, and crops, are all of one."""
    if any(face.box is None for seen in frames for face in seen.faces):
        return [[1] * len(seen.faces) for seen in frames]
    return link([[Sight(face.box, face.looks) for face in seen.faces] for seen in frames])
