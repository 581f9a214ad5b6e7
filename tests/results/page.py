"""The page docs/results.md, made of the numbers of all sections.

    PYTHONPATH=scripts:tests python tests/results/page.py docs/results docs/results.md

Each section has a template in page/, whose numbers all come from the section's JSON file. A section without a
file is one that wasn't measured, and the page says so.
"""

import json
import os
import re
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).with_name("page")
SECTIONS = {
    "leaks": "Leaks",
    "detectors": "Detectors",
    "generalisation": "Generalisation",
    "verdicts": "Verdicts",
    "speed": "Speed",
    "accounting": "Accounting",
}
"""The sections in the page's order, with their headings: each has `<name>.py` and page/`<name>.md.jinja`."""
JOBS = "jobs"
"""The name of the JSON file with the costs of Snakemake's jobs, at the page's top."""
OVERVIEW = "overview.png"
"""The picture at the page's top, and at the README's, of overview.py."""


def render(folder: Path, pictures: str) -> str:
    """Return the page of the JSON files in `folder`; `pictures` is the path from the page to their folder."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    templates.filters |= {"f": fixed, "signed": signed, "percent": percent, "interval": interval}
    files = {name: folder / f"{name}.json" for name in (*SECTIONS, JOBS)}
    numbers = {name: json.loads(path.read_text("utf-8")) for name, path in files.items() if path.exists()}
    overview = f"{pictures}/{OVERVIEW}" if (folder / OVERVIEW).exists() else None
    jobs = numbers.pop(JOBS, None)
    parts = [templates.get_template("top.md.jinja").render(numbers=numbers, jobs=jobs, overview=overview)]
    for name, heading in SECTIONS.items():
        parts.append(f"\n## {heading}\n\n")
        if name in numbers:
            template = templates.get_template(f"{name}.md.jinja")
            parts.append(template.render(**numbers[name], pictures=pictures).strip() + "\n")
        else:
            parts.append("Not measured: see what `make results` says is absent.\n")
    text = re.sub(r"[ \t]+$", "", "".join(parts), flags=re.M)  # left by tags that wrote nothing
    return re.sub(r"\n{3,}", "\n\n", text)


def fixed(value: float | None, digits: int = 3) -> str:
    """Return 0.8716 as "0.872"; a dash for null."""
    return "–" if value is None else f"{value:,.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """Return 0.0716 as "+0.072"."""
    return "–" if value is None else f"{value:+.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    """Return 0.8716 as "87 %"."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def interval(low_high: list[float] | None, digits: int = 3) -> str:
    """Return [0.8468, 0.8953] as "0.847 to 0.895"."""
    return "–" if low_high is None else " to ".join(fixed(value, digits) for value in low_high)


def main() -> None:
    folder, page = map(Path, sys.argv[1:])
    page.write_text(render(folder, os.path.relpath(folder, page.parent)), encoding="utf-8")


if __name__ == "__main__":
    main()
