"""The JSON file of a section: its numbers, and when, where and in what time they were measured.

And the options that the program of each section has.
"""

import argparse
import json
import os
import platform
import time
from datetime import date
from pathlib import Path
from typing import Any


class NumbersFile:
    """What a section of the page writes: `<folder>/<name>.json`, and pictures beside it.

    It is begun before the measurements, whose seconds the file has.
    """

    def __init__(self, name: str, folder: Path):
        self.name, self.folder, self.began = name, folder, time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)

    def picture(self, ending: str) -> Path:
        """Return the path of a picture, `<name>_<ending>`, such as ending `curves.png`."""
        return self.folder / f"{self.name}_{ending}"

    def write(self, numbers: dict[str, Any]) -> None:
        """Write the numbers; floats are rounded to six digits after the point."""
        measured = {
            "date": date.today().isoformat(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "seconds": round(time.monotonic() - self.began),
        }
        text = json.dumps(rounded({"measured": measured, **numbers}), indent=1, ensure_ascii=False)
        part = self.folder / f".{self.name}.part"
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(self.folder / f"{self.name}.json")


def rounded(value: Any) -> Any:
    """Return a value with all floats in it, numpy's too, rounded to six digits; nan and infinity are null."""
    if isinstance(value, dict):
        return {str(key): rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    if hasattr(value, "tolist"):
        return rounded(value.tolist())
    if isinstance(value, float):
        return round(value, 6) if abs(value) < float("inf") else None
    return value


def section_parser(description: str) -> argparse.ArgumentParser:
    """Return the parser of a section's program, with the options that run.py gives each of them."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the real data")
    parser.add_argument("--output", type=Path, required=True, help="folder of the numbers and pictures")
    return parser
