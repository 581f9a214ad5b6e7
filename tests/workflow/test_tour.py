"""docs/tour.md, run as it stands: each command in turn, and the lines that it is said to print."""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import PARTS, ROOT, Project

TOUR = ROOT / "docs/tour.md"


@dataclass
class Step:
    """A command of the page, the number of its first line there, and the lines that it prints."""

    number: int
    command: str
    lines: list[str] = field(default_factory=list)


def steps_of(page: str) -> list[Step]:
    """Return the commands in the blocks ```console of a page: `$ ` begins one, `> ` goes on with it."""
    steps, inside = [], False
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            steps.append(Step(number, line[2:]))
        elif inside and line.startswith("> "):
            steps[-1].command += "\n" + line[2:]
        elif inside:
            steps[-1].lines.append(line)
    return steps


def first_absent(lines: list[str], printed: str) -> str | None:
    """Return the first of `lines` that isn't in `printed` after those before it; `…` fits anything, or
    nothing, within a line, and alone any number of lines. None if all are there."""
    rest, skip = printed.splitlines(), False
    for line in lines:
        if line == "…":
            skip = True
            continue
        pattern = ".*".join(map(re.escape, line.split("…")))
        found = [number for number, other in enumerate(rest) if re.fullmatch(pattern, other.rstrip())]
        if not found or (found[0] and not skip):
            return line
        rest, skip = rest[found[0] + 1 :], False
    return None


@pytest.mark.parametrize(
    ("lines", "absent"),
    [
        (["one", "two", "three"], None),
        (["one", "three"], "three"),
        (["one", "…", "three"], None),
        (["…", "two", "…", "one"], "one"),
        (["one", "t…o", "…"], None),
        (["o", "…"], "o"),
    ],
)
def test_lines_are_compared_in_their_order(lines, absent):
    assert first_absent(lines, "one\ntwo\nthree\n") == absent


def test_commands_are_read_with_what_they_print():
    page = "text\n```console\n$ cat <<END\n> a\n> END\na\n$ true\n```\n```yaml\n$ no\n```\n"
    assert steps_of(page) == [Step(3, "cat <<END\na\nEND", ["a"]), Step(7, "true")]


@pytest.fixture
def place(tmp_path) -> Project:
    """A copy of the project with its own defaults: these people are real, and told apart by their faces."""
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, project / part)
    return project


def perform(command: str, project: Project, code: int, ffpp: Path) -> tuple[int, str]:
    """Run a command; return its exit code and what it prints. `code` is that of the command before."""
    done = subprocess.run(
        ["bash", "-c", f"(exit {code})\n{command}"],
        cwd=project.folder,
        env=project.environment() | {"FFPP": str(ffpp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def test_the_tour_prints_what_it_says(data, place):
    if not (data / "ffpp_c40").is_dir():
        pytest.skip(f"{data}/ffpp_c40 doesn't exist")
    steps, code = steps_of(TOUR.read_text(encoding="utf-8")), 0
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        code, printed = perform(step.command, place, code, data / "ffpp_c40")
        where = f"{TOUR.name}, line {step.number}: {step.command}\n{printed}"
        shown = following is not None and following.command == "echo $?"
        assert code == 0 or shown, f"exit code {code}\n{where}"
        absent = first_absent(step.lines, printed)
        assert absent is None, f"not printed: {absent}\n{where}"
