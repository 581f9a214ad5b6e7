"""Look at folders, archives and label files, and write a config for the corpora that they are.

    python scripts/suggest.py /data/whatever > mine.yaml
    snakemake --cores all --configfile mine.yaml

Only names are listed and label files read; nothing is unpacked. The report goes to the terminal, the config
to standard output. The exit code is 0 if everything is in the config, 3 if something needs you first, and 1
after an error.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import make_parser, run
from deepfake.suggest.config_text import config_text
from deepfake.suggest.corpora import find_corpora
from deepfake.suggest.recipe import is_usable, make_recipe
from deepfake.suggest.report import as_json, report
from deepfake.suggest.table import write_tables

NEEDS_YOU = 3
CONFIG = Path(__file__).parents[1] / "config.yaml"


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    cfg = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    found = find_corpora(args.paths, cfg)
    recipe = make_recipe(found.corpora)
    print(report(found, recipe), file=sys.stderr)
    open_ones = [corpus for corpus in found.corpora if not is_usable(corpus)]
    tables = (
        write_tables([c for c in open_ones if not c.fit], args.table, cfg["limits"]) if args.table else {}
    )
    for path in tables.values():
        log.info("%s: fill in label (real or fake), and what else you know", path)
    name = str(args.output or "mine.yaml")
    text = (
        json.dumps(as_json(found, recipe), indent=2)
        if args.json
        else config_text(found, recipe, name, tables)
    )
    if args.output:
        with new_file(args.output) as file:
            file.write_text(text, encoding="utf-8", errors="surrogateescape")
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    return NEEDS_YOU if open_ones or found.unread or found.unused or recipe.lacks else 0


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("paths", nargs="+", help="folders, zip archives, and label files beside them")
    parser.add_argument("--output", type=Path, help="file for the config (without: standard output)")
    parser.add_argument("--table", type=Path, help="file for a table of what no layout fits, to be filled in")
    parser.add_argument("--json", action="store_true", help="what was found as JSON, instead of a config")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
