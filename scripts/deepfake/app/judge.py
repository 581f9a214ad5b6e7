"""From one uploaded file to its page of verdicts."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deepfake.checkpoints.inference import LoadedModel
from deepfake.detection.detect import detect_media
from deepfake.detection.media import find_media
from deepfake.detection.preprocessing import unsearched
from deepfake.errors import UserError
from deepfake.names import visible
from deepfake.pages.verdicts import page

CROPS_SHOWN = 8  # frames of a video of which the page shows faces
LONGEST_NAME = 120  # characters
ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}")


def shown_name(name: str) -> str:
    """Return what a page calls an uploaded file: the last part of the name that the browser gave."""
    last = re.split(r"[/\\]", name)[-1]
    return visible(last[:LONGEST_NAME]).strip() or "file"


def stored_name(name: str) -> str:
    """Return the name of an uploaded file in its job's folder: nothing but the ending is the browser's."""
    ending = Path(shown_name(name)).suffix
    return "upload" + (ending.lower() if ENDING.fullmatch(ending) else "")


def judge_with(
    model: LoadedModel, preprocessing: dict, limits: dict, **options: object
) -> Callable[[Path, str], str]:
    """Return the function from a job's folder, with one file in it, and the file's name to its page.

    `preprocessing` is the result of preprocessing_of, `limits` are those of detection, `options` those of
    detect_media. The function raises UserError for an archive, which may hold thousands of files.
    """

    def judge(folder: Path, name: str) -> str:
        (path,) = folder.iterdir()
        media = find_media([path], limits, [])
        if any(file.archive for file in media):
            raise UserError("This is an archive. Unpack it, or judge all of it by scripts/detect.py.")
        media = [replace(file, name=name) for file in media]
        verdicts = list(detect_media(media, model, preprocessing, shown=CROPS_SHOWN, **options))
        warning = unsearched(preprocessing, [verdict.kind for verdict in verdicts])
        return page(verdicts, model, name, home="/", warning=warning)

    return judge
