"""Section verdicts: what detection says of real clips and photos, its false alarms, its page as a picture.

    python tests/results/verdicts.py --data resources/real --output results/measured

Reads the verdicts that Snakemake's run of `<output>/config.yaml` has left in results/verdicts.
"""

import sys
from pathlib import Path

import yaml
from results.judged_media import Judged, by_rule, left_out, read_judged, summary
from results.numbers_file import NumbersFile, section_parser
from results.page_picture import BLOCKS, page_picture
from results.people_apart import SAME, apart
from results.verdict_alarms import LEAST, SECONDS, at_home, of_clips, of_photos, total
from results.verdict_picture import draw

from deepfake.checkpoints.open_model import open_model
from deepfake.pages.verdicts import FILES_SHOWN
from deepfake.people.embedder import load_embedder

CLIPS = {"ffpp_c23": "FaceForensics++ c23", "ffpp_c40": "FaceForensics++ c40", "celebdf": "Celeb-DF v2"}
"""The media that are clips, by their names in the recipe; their corpora have the same names."""

PHOTOS = "lfw"
PICTURED = "ffpp_c40"
TITLES = {"": "fake", "Celeb-synthesis": "Celeb-DF's swap"}
"""Names of methods as the page has them, where the corpus's own say less."""


def main() -> int:
    args = section_parser(__doc__).parse_args()
    file = NumbersFile("verdicts", args.output)
    config = yaml.safe_load((args.output / "config.yaml").read_text("utf-8"))
    media = {name: cfg for name, cfg in config.get("media", {}).items() if report(name).exists()}
    clips = {name: read(name, is_clips=True) for name in CLIPS if name in media}
    if not clips:
        sys.exit("verdicts: no clips were judged")
    absent = [f"{CLIPS.get(name, 'LFW')} was not judged." for name in (*CLIPS, PHOTOS) if name not in media]
    model = Path(media[next(iter(clips))]["model"])
    metadata = open_model(model).metadata
    thresholds = at_home(model.parent, metadata)
    rows = [row for name, files in clips.items() if (row := of_clips(CLIPS[name], files, thresholds))]
    draw(
        [(CLIPS[name], files) for name, files in clips.items()],
        TITLES,
        thresholds["strict"],
        file.picture("scores.png"),
    )
    has_page = pictured(clips.get(PICTURED, []), file.picture("page.jpg"))
    if PICTURED in clips and not has_page:
        absent.append("There is no picture of the page: no browser was found, or it failed.")
    file.write(
        {
            "model": model.parent.name,
            "media": [{"title": CLIPS[name], **summary(files, TITLES)} for name, files in clips.items()],
            "people": followed([file for files in clips.values() for file in files], metadata),
            "left_out": left_out([file for files in clips.values() for file in files]),
            "thresholds": thresholds,
            "photos": of_photos(read(PHOTOS, is_clips=False), thresholds) if PHOTOS in media else None,
            "clips": rows,
            "all_clips": total(rows) if rows else None,
            "window": {"seconds": SECONDS, "least": LEAST},
            "has_page": has_page,
            "blocks": BLOCKS,
            "same": SAME,
            "absent": absent,
        }
    )
    return 0


def report(name: str) -> Path:
    return Path(f"results/verdicts/{name}/verdicts.json")


def read(name: str, is_clips: bool) -> list[Judged]:
    return read_judged(report(name), Path(f"results/index/{name}/videos.csv") if is_clips else None)


def followed(files: list[Judged], metadata: dict) -> dict:
    """Return whether the people of all clips were kept apart, and whether it matters who decides."""
    judged = [file for file in files if file.is_judged]
    several = [file for file in judged if len(file.verdict["people"]) > 1]
    embed = load_embedder({"model": None})
    found = [apart(file, embed) for file in several]
    by = {rule: [by_rule(file, metadata, rule)[0] for file in judged] for rule in ("worst", "largest")}
    truth = ["fake" if file.label else "real" for file in judged]
    return {
        "clips": len(judged),
        "several": len(several),
        "several_decide": sum(file.verdict["candidates"] > 1 for file in judged),
        "at_once": sum(one["most_at_once"] > 1 for one in found),
        "faces": sum(one["faces"] for one in found),
        "strayed": sum(one["strayed"] for one in found),
        "split": sum(one["split"] for one in found),
        "clips_split": sum(one["split"] > 0 for one in found),
        "unseen": sum(one["people"] - one["seen"] for one in found),
        "differ": sum(a != b for a, b in zip(by["worst"], by["largest"], strict=True)),
        "right": {rule: sum(a == b for a, b in zip(said, truth, strict=True)) for rule, said in by.items()},
        "differing": [
            {
                "clip": name_of(file),
                "worst": by["worst"][n],
                "largest": by["largest"][n],
                "faces": [len(one["looks"]) for one in by_faces(file)],
                "scores": [one["score"] for one in by_faces(file)],
            }
            for n, file in enumerate(judged)
            if by["worst"][n] != by["largest"][n]
        ],
        "rows": [{"clip": name_of(file), **one} for file, one in zip(several, found, strict=True)],
    }


def by_faces(file: Judged) -> list[dict]:
    """Return the people of a clip, who is seen most first."""
    return sorted(file.verdict["people"], key=lambda one: -len(one["looks"]))


def name_of(file: Judged) -> str:
    """Return a clip's method and name, such as Deepfakes/183_253."""
    path = Path(file.name)
    return f"{file.method or 'real'}/{path.stem}"


def pictured(files: list[Judged], path: Path) -> bool:
    """Make the picture of the page, with its highest clip (of several people, if one is) and its lowest."""
    page = report(PICTURED).with_name("report.html")
    ranked = sorted((f for f in files if f.is_judged), key=lambda f: (-f.verdict["score"], f.name))
    if not ranked or not page.exists():
        return False
    several = [n for n, file in enumerate(ranked[:FILES_SHOWN], 1) if len(file.verdict["people"]) > 1]
    return page_picture(page, path, [several[0] if several else 1, min(len(ranked), FILES_SHOWN)])


if __name__ == "__main__":
    sys.exit(main())
