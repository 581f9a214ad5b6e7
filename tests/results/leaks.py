"""What leaks in DFDC, what the leak is worth to a detector, and how well faces alone say who is who.

    PYTHONPATH=scripts:tests:tests/bench DEEPFAKE_TEST_DATA=resources/real \
        python tests/results/leaks.py --data resources/real --output results/measured

Embeds 13,000 crops and photos, and trains 60 linear heads: about 20 minutes of one core. What takes long is
kept in <output>/cache; delete that after a change of the embedder or of the splits.

If the file `--second` is there, another network for faces looks at the splits of the first: in ONNX, with the
input that INPUT says.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import real_faces
import torch
from bench_leak_worth import LINK, frozen_lite0, rows_of_seed, summary
from leaky_splits import Crops, crops
from results.clip_faces import method_rows, read_clips, real_people
from results.leak_pictures import draw_lfw, draw_worth
from results.leak_shares import SPLIT, Ruler, key_of, share_rows, strangers
from results.lfw_people import lfw_people, strangers_within
from results.numbers_file import NumbersFile, section_parser

from deepfake.people.settings import DLIB_DISTANCES

OURS, DLIBS = (DLIB_DISTANCES["fail"],), (0.45, 0.40)
SHARE_SEEDS, WORTH_SEEDS = list(range(5)), list(range(10))
CLIPS = {"FaceForensics++": "ffpp_c40", "Celeb-DF": "celebdf"}
FALSE = 1e-5  # of LFW's pairs of strangers that are as near, by the second network
SECOND = Path("resources/others/mobileface.onnx")
INPUT = {"side": 112, "template": "arcface", "mean": 127.5, "std": 127.5}


def main() -> None:
    args = parse_args()
    if real_faces.DATA.resolve() != args.data.resolve():
        sys.exit(f"the real faces are read from {real_faces.DATA}: set DEEPFAKE_TEST_DATA to {args.data}")
    torch.set_num_threads(2)
    cv2.setNumThreads(1)
    file, cache = NumbersFile("leaks", args.output), args.output / "cache"
    table = real_faces.dfdc()
    files, labels = list(table["file"]), table["label"].to_numpy()
    found = real_faces.vectors(real_faces.DFDC, files, cache)
    rulers = [
        Ruler("ours", found, OURS),
        Ruler("dlib", real_faces.plain_vectors(real_faces.DFDC, files, cache), DLIBS),
    ]
    dealt = crops(table, found, DLIB_DISTANCES["link"])
    numbers: dict = {
        "dfdc": counts(labels, found),
        "split": SPLIT,
        "distances": DLIB_DISTANCES,
        "worth_link": LINK,
        "seeds": {"shares": len(SHARE_SEEDS), "worth": len(WORTH_SEEDS)},
        **dict.fromkeys(("lfw", "strangers", "second", "clips")),
        "absent": [],
    }

    if real_faces.LFW.exists():
        second = args.second if args.second.is_file() else None
        photos = photo_vectors(cache, second)
        if second:
            people = real_faces.lfw()["person"].to_numpy()
            limit = round(strangers_within(FALSE, photos["second"], people), 2)
            rulers.append(Ruler("second", other_vectors(real_faces.DFDC, files, cache, second), (limit,)))
            numbers["second"] = {"name": second.stem, "false": FALSE}
        numbers |= of_lfw(dealt, rulers, photos, file.picture("lfw.png"))
    else:
        numbers["absent"].append("LFW: how well faces alone tell people apart isn't measured.")
    numbers["rulers"] = [
        {"name": ruler.name, "limit": limit, "key": key_of(ruler.name, limit)}
        for ruler in rulers
        for limit in ruler.limits
    ]
    numbers["shares"] = share_rows(dealt, rulers, SHARE_SEEDS)

    rows = worth(crops(table, found, LINK), files, labels, cache)
    numbers["worth"] = summary(rows)
    draw_worth(file.picture("worth.png"), rows, numbers["worth"])

    there = [name for name, corpus in CLIPS.items() if any(Path("results/faces", corpus).glob("*.csv"))]
    numbers["absent"] += [f"{name}: its clips aren't in the tables." for name in CLIPS if name not in there]
    if there:
        clips = read_clips(Path("results"), [CLIPS[name] for name in there], cache / "clips")
        numbers["clips"] = {"corpora": there, "reals": real_people(clips), "methods": method_rows(clips)}
    file.write(numbers)


def photo_vectors(cache: Path, second: Path | None) -> dict[str, np.ndarray]:
    """Return the vectors of LFW's photos by the name of the ruler."""
    files = list(real_faces.lfw()["file"])
    found = {
        "ours": real_faces.vectors(real_faces.LFW, files, cache),
        "dlib": real_faces.plain_vectors(real_faces.LFW, files, cache),
    }
    return found | ({"second": other_vectors(real_faces.LFW, files, cache, second)} if second else {})


def other_vectors(archive: Path, files: list[str], cache: Path, model: Path) -> np.ndarray:
    return real_faces.other_vectors(archive, files, cache, {"model": str(model), "input": INPUT})


def of_lfw(
    dealt: Crops, rulers: list[Ruler], photos: dict[str, np.ndarray], picture: Path
) -> dict[str, dict]:
    """Return the numbers of LFW's people, and of them as strangers to DFDC's; draw their distances."""
    seen = photos["ours"].any(axis=1)
    people = real_faces.lfw()["person"].to_numpy()[seen]
    found = lfw_people(photos["ours"][seen], photos["dlib"][seen], people)
    draw_lfw(picture, found.pop("histogram"))
    near: dict[str, float] = {}
    for ruler in rulers:
        near |= strangers(dealt, ruler, photos[ruler.name][seen])
    return {"lfw": found | {"unseen": int((~seen).sum())}, "strangers": near}


def counts(labels: np.ndarray, found: np.ndarray) -> dict[str, int]:
    """Return the numbers of DFDC's crops by class, and of those in which a face is seen well enough."""
    seen = found.any(axis=1)
    kinds = {"reals": labels == 0, "fakes": labels == 1}
    seen_of = {f"{kind}_seen": int((of & seen).sum()) for kind, of in kinds.items()}
    return {"crops": len(labels)} | {kind: int(of.sum()) for kind, of in kinds.items()} | seen_of


def worth(dealt: Crops, files: list[str], labels: np.ndarray, cache: Path) -> pd.DataFrame:
    """Return the rows of the frozen lite0 for all seeds; those in the cache aren't trained again."""
    kept = cache / "leak_worth.csv"
    rows = pd.read_csv(kept) if kept.exists() else pd.DataFrame({"seed": []})
    score = None
    for seed in WORTH_SEEDS:
        if seed not in set(rows["seed"]):
            score = score or frozen_lite0(files, cache)
            more = pd.DataFrame(rows_of_seed("lite0", score, dealt, labels, seed))
            rows = pd.concat([rows, more], ignore_index=True) if len(rows) else more
            rows.to_csv(kept, index=False)
            print(f"worth: seed {seed}", flush=True)
    return rows


def parse_args() -> argparse.Namespace:
    parser = section_parser(__doc__)
    parser.add_argument("--second", type=Path, default=SECOND, help="another network for faces, in ONNX")
    return parser.parse_args()


if __name__ == "__main__":
    main()
