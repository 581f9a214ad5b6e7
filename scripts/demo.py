"""Make the built-in demo corpus: real and fake videos of synthetic people, in the layout of a real corpus.

    python scripts/demo.py --layout dfdc --config '{"people": 12, "clips": 48, "seconds": 3, "width": 480}' \
        --seed 42 --workers 2 --output resources/demo/demo.zip
"""

import argparse
import json
import sys
from collections.abc import Sequence

from deepfake.console import progress_bar
from deepfake.demo.corpus import DEFAULTS, make_corpus
from deepfake.demo.layouts import LAYOUTS
from deepfake.program import json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    total = (DEFAULTS | args.config)["clips"]
    with progress_bar(total, f"demo {args.layout}", "videos") as advance:
        make_corpus(
            args.output, args.layout, args.config, args.seed, args.workers, report=lambda *_: advance(1)
        )


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--layout", required=True, choices=sorted(LAYOUTS))
    defaults = f"JSON: the settings; a missing one is taken from {json.dumps(DEFAULTS)}"
    parser.add_argument("--config", type=json_object, default={}, help=defaults)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--workers", type=int, default=1, help="processes; the bytes don't depend on it")
    parser.add_argument("--output", required=True, help="zip to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
