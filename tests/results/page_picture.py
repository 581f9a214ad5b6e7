"""A picture of a page of verdicts in which nobody can be recognised: each image in it is a few squares."""

import base64
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BLOCKS = 6  # squares across an image: a face is some 20 of them
WIDTH = 900  # pixels of a part
MAX_BYTES = 250_000
KIND = re.compile(r"data:image/([^;,]+)[;,]")
IMAGE = re.compile(r"data:image/(?:jpeg|jpg|png);base64,([A-Za-z0-9+/=\s]+)")


def pixelate(page: str) -> str:
    """Return an HTML page in which each embedded JPEG or PNG is BLOCKS squares across. Plots in SVG stay.

    Raises ValueError if an image is none of these, so that none stays as it is.
    """
    if others := set(KIND.findall(page)) - {"jpeg", "jpg", "png", "svg+xml"}:
        raise ValueError(f"can't be pixelated: images of the kinds {', '.join(sorted(others))}")

    def coarse(match: re.Match) -> str:
        data = np.frombuffer(base64.b64decode(match[1]), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError("can't be pixelated: an image of the page can't be read")
        small = cv2.resize(image, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
        large = cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        encoded = base64.b64encode(cv2.imencode(".png", large)[1].tobytes()).decode()
        return f"data:image/png;base64,{encoded}"

    return IMAGE.sub(coarse, page)


def only_files(page: str, numbers: Sequence[int]) -> str:
    """Return the page with nothing but the sections of some files, which are numbered from 1."""
    shown = ", ".join(f'section.file:has(h3[id="file{number}"])' for number in numbers)
    rules = "body > *:not(section), section.file { display: none !important; }\n"
    return page.replace("</style>", f"{rules}{shown} {{ display: block !important; }}\n</style>", 1)


def screenshot(page: str, height: int) -> np.ndarray | None:
    """Return the top of an HTML page as the browser shows it, uint8 BGR (height, WIDTH, 3).

    None if there is no browser, or it fails.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, picture = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(page, encoding="utf-8")
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ]
        flags += [f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},{height}"]
        command = [browser, *flags, f"--screenshot={picture}", source.as_uri()]
        try:
            subprocess.run(command, timeout=300, check=True, capture_output=True)
        except (subprocess.SubprocessError, OSError):
            return None
        return cv2.imread(str(picture)) if picture.exists() else None


def page_picture(report: Path, output: Path, numbers: Sequence[int], height: int = 1250) -> bool:
    """Write the top of a page of verdicts, and beside it some of its files, as a JPEG of MAX_BYTES at most.

    `numbers` are the files' places in the page's table. Returns False, and writes nothing, without a browser.
    """
    page = pixelate(report.read_text("utf-8"))
    parts = [screenshot(text, height) for text in (page, only_files(page, numbers))]
    if any(part is None for part in parts):
        return False
    rows = min(part.shape[0] for part in parts)
    line = np.full((rows, 4, 3), 160, np.uint8)
    picture = np.hstack([parts[0][:rows], line, parts[1][:rows]])
    for quality in (85, 75, 65, 55, 45):
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= MAX_BYTES:
            break
    output.write_bytes(data)
    return True
