"""Make the built-in demo corpus: invented people on video, and fakes of them, in the layout of a real corpus.

    python scripts/demo.py --layout dfdc --config '{"people": 12, "clips": 48, "seconds": 3, "width": 480}' \
        --seed 42 --workers 2 --output resources/demo/demo.zip
"""

import argparse
import json
import sys

from tqdm import tqdm

from deepfake.demo import corpus as demo
from deepfake.demo import layouts as demo_layouts


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--layout", required=True, choices=sorted(demo_layouts.LAYOUTS))
    lacking = f"JSON; what it lacks is taken from {json.dumps(demo.DEFAULTS)}"
    parser.add_argument("--config", type=json.loads, default={}, help=lacking)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--workers", type=int, default=1, help="processes; the bytes do not depend on it")
    parser.add_argument("--output", required=True, help="the zip to write")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    bar = None
    if sys.stderr.isatty():
        bar = tqdm(total=None, unit="clip", file=sys.stderr)

    def report(done: int, total: int) -> None:
        if bar is not None:
            bar.total = total
            bar.update(done - bar.n)
        elif done * 10 // total > (done - 1) * 10 // total:
            print(f"{done} of {total} clips", file=sys.stderr, flush=True)

    try:
        demo.make_corpus(args.output, args.layout, args.config, args.seed, args.workers, report)
    except ValueError as error:
        sys.exit(str(error))
    finally:
        if bar is not None:
            bar.close()


if __name__ == "__main__":
    main()
