"""What submissions are judged by: a model, its own preprocessing, and processes that read the media."""

from collections.abc import Iterator
from pathlib import Path

from deepfake.checkpoints.inference import Opened
from deepfake.console import progress_bar
from deepfake.detection.detect import detect_media
from deepfake.detection.media import MediaFile
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.detection.verdict import Verdict
from deepfake.submissions.answers import Judge


def judge_with(
    model: Opened,
    workers: int,
    crops: bool = False,
    people: str = "worst",
    corpus: str | None = None,
    face_model: Path | None = None,
) -> Judge:
    """What judges media with `model`, made ready as it records; with `crops` stills are face crops already.

    `face_model` is the file of YuNet, where it isn't where it was in training. ValueError where the model
    doesn't say how its images are made.
    """
    preprocessing = preprocessing_of(model.facts, corpus, crops=crops, face_model=face_model)

    def judge(media: list[MediaFile]) -> Iterator[Verdict]:
        with progress_bar(len(media), "judge", "files") as advance:
            for verdict in detect_media(media, model, preprocessing, people=people, workers=workers, shown=0):
                yield verdict
                advance(1)

    return judge
