"""Measure all that docs/results.md shows, on real data; interrupted, it goes on where it was.

    make results DATA=/path/to/data

Links the data to resources/real, takes out of recipes/results.yaml what needs an absent corpus, runs
Snakemake with the rest, then the program of each section whose numbers aren't there, or older than what they
are made of. Writes results/measured/<section>.json with pictures, and results/measured/results.md; with
--publish also docs/results.md and docs/results/. Exit code 1 if a part has failed, 2 without the folder, 3 if
data are absent.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from results import page
from results.benchmark_files import sum_benchmarks
from results.numbers_file import NumbersFile
from results.present import absent_corpora, absent_weights, without

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
REAL, MEASURED, BENCHMARKS = Path("resources/real"), Path("results/measured"), Path("benchmarks")
AGAIN = Path("resources/results/ffpp_c23_at_40")
RECIPE, CONFIG = Path("recipes/results.yaml"), Path("results/measured/config.yaml")


@dataclass(frozen=True)
class Section:
    """The corpora of which a section needs at least one, and the results that its program reads."""

    needs: tuple[str, ...]
    reads: tuple[str, ...] = ()


CLIPS = ("ffpp_c23", "ffpp_c40", "celebdf")
SECTIONS = {
    "leaks": Section(
        needs=("dfdc",),
        reads=(*(f"results/faces/{name}/all.csv" for name in CLIPS[1:]), "resources/others/mobileface.onnx"),
    ),
    "detectors": Section(needs=("dfdc",), reads=("results/report/significance.json",)),
    "generalisation": Section(needs=("dfdc",), reads=("results/report/cross.csv",)),
    "verdicts": Section(
        needs=("dfdc",),
        reads=tuple(f"results/verdicts/{name}/verdicts.json" for name in (*CLIPS, "lfw")),
    ),
    "speed": Section(needs=CLIPS),
    "accounting": Section(needs=("dfdc", *CLIPS, "stylegan", "ciplab"), reads=(str(CONFIG),)),
}


def main() -> int:
    args = parse_args()
    os.chdir(ROOT)
    MEASURED.mkdir(parents=True, exist_ok=True)
    link(REAL, args.data)
    failed = compress_again()
    recipe = yaml.safe_load(RECIPE.read_text("utf-8"))
    corpora, weights = absent_corpora(recipe), absent_weights(recipe)
    for kind, absent in (("corpus", corpora), ("model", weights)):
        for name, path in absent.items():
            print(f"absent: {path}; what needs the {kind} {name} is left out", flush=True)
    config = without(recipe, set(corpora))
    CONFIG.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    failed += run_snakemake(config, args.cores)
    for name, section in SECTIONS.items():
        failed += measure(name, section, set(config["corpora"]))
    failed += ["overview"] * bool(run([sys.executable, str(HERE / "overview.py"), str(MEASURED)]))
    (MEASURED / "results.md").write_text(page.render(MEASURED, "."), encoding="utf-8")
    print(f"{MEASURED}/results.md")
    if args.publish:
        publish()
    if failed:
        print(f"failed: {', '.join(failed)}; their errors are above, and the same command goes on from here")
    return 1 if failed else 3 if corpora or weights else 0


def link(path: Path, data: Path) -> None:
    """Make `path` a link to the folder of data, a whole path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        sys.exit(f"{path} is no link; move it elsewhere, so that it can be one to {data}")
    path.symlink_to(data)


def compress_again() -> list[str]:
    """Make the corpus ffpp_c23_at_40 of the clips of ffpp, if they are there; return what has failed."""
    if not (REAL / "ffpp").is_dir():
        return []
    code = run([sys.executable, str(HERE / "compress_again.py"), str(REAL / "ffpp"), str(AGAIN)])
    return ["compress_again"] * bool(code)


def run_snakemake(config: dict[str, Any], cores: str) -> list[str]:
    """Make all datasets, models, reports and verdicts of CONFIG, sum what it took; return what has failed."""
    if not config["corpora"]:
        return []
    targets = ["all", *(f"results/verdicts/{media}/report.html" for media in config["media"])]
    command = [sys.executable, "-m", "snakemake", "--cores", cores, "--keep-going", *targets]
    code = run([*command, "--configfile", str(CONFIG)])
    NumbersFile(page.JOBS, MEASURED).write(sum_benchmarks(BENCHMARKS))
    return ["snakemake"] * bool(code)


def measure(name: str, section: Section, present: set[str]) -> list[str]:
    """Run the program of a section unless its numbers are current; return what has failed."""
    if not present & set(section.needs):
        print(f"{name}: not measured without {' or '.join(section.needs)}", flush=True)
        return []
    if is_current(name, section):
        return []
    began = time.monotonic()
    code = run([sys.executable, str(HERE / f"{name}.py"), "--data", str(REAL), "--output", str(MEASURED)])
    print(f"{name}: {'failed' if code else 'done'} after {time.monotonic() - began:.0f} s", flush=True)
    return [name] * bool(code)


def run(command: list[str]) -> int:
    """Run a command with the project's modules on its path; returns the exit code."""
    paths = [str(ROOT / name) for name in ("scripts", "tests", "tests/bench")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "DEEPFAKE_TEST_DATA": str(REAL.resolve()),
    }
    return subprocess.run(command, env=environment).returncode


def is_current(name: str, section: Section) -> bool:
    """Return whether a section has numbers that are newer than its programs and the results that it reads."""
    numbers = MEASURED / f"{name}.json"
    files = [*HERE.glob(f"{name}*.py"), *map(Path, section.reads)]
    return numbers.exists() and all(
        path.stat().st_mtime <= numbers.stat().st_mtime for path in files if path.exists()
    )


def publish() -> None:
    """Copy the numbers to docs/results, write docs/results.md of them, copy the pictures that it shows."""
    folder = Path("docs/results")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (*(f"{each}.json" for each in (*page.SECTIONS, page.JOBS)), page.OVERVIEW):
        if (MEASURED / name).exists():
            shutil.copy(MEASURED / name, folder)
    text = page.render(folder, folder.name)
    for picture in re.findall(rf"\]\({folder.name}/([\w.]+)\)", text):
        shutil.copy(MEASURED / picture, folder)
    Path("docs/results.md").write_text(text, encoding="utf-8")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=folder, required=True, help="folder with the real data")
    parser.add_argument("--cores", default="all", help="of Snakemake")
    parser.add_argument("--publish", action="store_true", help="write docs/results.md and docs/results")
    return parser.parse_args()


def folder(text: str) -> Path:
    """Return a folder's whole path, for the parser."""
    path = Path(text).expanduser().resolve()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no folder; write make results DATA=/path/to/data, which CONTRIBUTING.md describes"
        )
    return path


if __name__ == "__main__":
    sys.exit(main())
