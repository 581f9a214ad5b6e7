"""Measure all that docs/results.md shows, on real data; interrupted, it goes on where it was.

    make results DATA=/path/to/data

Links the data to resources/real, takes out of recipes/results.yaml what needs an absent corpus, runs
Snakemake with the rest, then the program of each section whose numbers aren't there, or older than what they
are made of. Writes results/measured/<section>.json with pictures, and results/measured/results.md; with
--publish also docs/results.md and docs/results/. Exit code 1 if a part has failed, 3 if data are absent.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from results import page
from results.present import absent_corpora, without

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
REAL, MEASURED = Path("resources/real"), Path("results/measured")
RECIPE, CONFIG = Path("recipes/results.yaml"), Path("results/measured/config.yaml")


@dataclass(frozen=True)
class Section:
    """The corpora without which a section has nothing to measure, and the results that its program reads."""

    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


SECTIONS = {
    "leaks": Section(needs=("dfdc",)),
    "detectors": Section(needs=("dfdc",), reads=("results/report/significance.json",)),
    "generalisation": Section(needs=("dfdc",), reads=("results/report/cross.csv",)),
    "verdicts": Section(needs=("dfdc",)),
    "speed": Section(),
    "accounting": Section(),
}


def main() -> int:
    args = parse_args()
    os.chdir(ROOT)
    MEASURED.mkdir(parents=True, exist_ok=True)
    link(REAL, args.data)
    recipe = yaml.safe_load(RECIPE.read_text("utf-8"))
    command = [
        sys.executable,
        str(HERE / "compress_again.py"),
        "resources/real/ffpp",
        "resources/results/ffpp_c23_at_40",
    ]
    failed = (
        []
        if (REAL / "ffpp").is_dir() and run(command) == 0
        else ["compress_again"] * (REAL / "ffpp").is_dir()
    )
    absent = absent_corpora(recipe)
    for corpus, path in absent.items():
        print(f"absent: {path}; what needs the corpus {corpus} is left out", flush=True)
    config = without(recipe, set(absent))
    CONFIG.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    if config["corpora"]:
        targets = ["all", *(f"results/verdicts/{media}/report.html" for media in config.get("media", {}))]
        snakemake = [sys.executable, "-m", "snakemake", "--cores", str(args.cores), "--keep-going"]
        if run([*snakemake, *targets, "--configfile", str(CONFIG)]):
            failed.append("snakemake")
    for name, section in SECTIONS.items():
        if set(section.needs) & set(absent):
            print(f"{name}: not measured without {', '.join(sorted(set(section.needs) & set(absent)))}")
        elif not is_current(name, section):
            began = time.monotonic()
            code = run(
                [sys.executable, str(HERE / f"{name}.py"), "--data", str(REAL), "--output", str(MEASURED)]
            )
            print(
                f"{name}: {'failed' if code else 'done'} after {time.monotonic() - began:.0f} s", flush=True
            )
            failed += [name] * bool(code)
    (MEASURED / "results.md").write_text(page.render(MEASURED, "."), encoding="utf-8")
    print(f"{MEASURED}/results.md")
    if args.publish:
        publish()
    if failed:
        print(f"failed: {', '.join(failed)}; their errors are above, and the same command goes on from here")
    return 1 if failed else 3 if absent else 0


def link(path: Path, data: Path) -> None:
    """Make `path` a link to the folder of data."""
    if not data.is_dir():
        sys.exit(f"{data}: no such folder; write DATA=/path/to/data")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.symlink_to(data.resolve())


def run(command: list[str]) -> int:
    """Run a command with the project's modules on its path; returns the exit code."""
    paths = [str(ROOT / name) for name in ("scripts", "tests", "tests/bench")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "DEEPFAKE_TEST_DATA": str(REAL.resolve()),
    }
    return subprocess.run(command, env=environment).returncode


def is_current(name: str, section: Section) -> bool:
    """Return whether a section has numbers that are newer than its program and the results that it reads."""
    numbers = MEASURED / f"{name}.json"
    files = [HERE / f"{name}.py", *map(Path, section.reads)]
    return numbers.exists() and all(
        path.stat().st_mtime <= numbers.stat().st_mtime for path in files if path.exists()
    )


def publish() -> None:
    """Copy the numbers and pictures to docs/results, and write docs/results.md of them."""
    folder = Path("docs/results")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in sorted(MEASURED.iterdir()):
        if path.suffix in (".json", ".png", ".jpg", ".svg"):
            shutil.copy(path, folder)
    Path("docs/results.md").write_text(page.render(folder, "results"), encoding="utf-8")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the real data")
    parser.add_argument("--cores", default="all", help="of Snakemake")
    parser.add_argument("--publish", action="store_true", help="write docs/results.md and docs/results")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
