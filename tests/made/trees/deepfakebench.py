"""DeepfakeBench's trees of three corpora, with lists as its script writes them on Windows and on Linux."""

import json

from made.trees import Tree

FF = "rgb/FaceForensics++"
PAIRS = [(f"{i:03d}", f"{i + 1:03d}") for i in range(0, 8, 2)]
SPLITS = dict(zip(PAIRS, ["train", "train", "val", "test"], strict=True))
PEOPLE = range(4)
TESTED = {"id3_0000", "id3_id2_0000"}


def stills(folder: str) -> list[str]:
    return [f"{folder}/{number:03d}.png" for number in (0, 14)]


def listed(label: str, folder: str, windows: bool = False) -> dict:
    paths = [f"./datasets/{path}" for path in stills(folder)]
    if windows:
        paths = [path.removeprefix("./datasets/rgb/").replace("/", "\\") for path in paths]
    return {"label": label, "frames": paths[::-1]}


def faceforensics() -> tuple[list[str], dict]:
    found: dict = {
        label: {split: {"c23": {}} for split in ("train", "test", "val")} for label in ("FF-real", "FF-DF")
    }
    folders = []
    for (target, source), split in SPLITS.items():
        for label, tree, names in (
            ("FF-real", "original_sequences/youtube", (target, source)),
            ("FF-DF", "manipulated_sequences/Deepfakes", (f"{target}_{source}",)),
        ):
            for name in names:
                folders.append(f"{FF}/{tree}/c23/frames/{name}")
                found[label][split]["c23"][name] = listed(label, folders[-1], windows=True)
    return folders, found


def celeb() -> tuple[list[str], dict]:
    names = {"CelebDFv2_real": [("Celeb-real", f"id{i}_0000") for i in PEOPLE]}
    names["CelebDFv2_fake"] = [("Celeb-synthesis", f"id{i}_id{i ^ 1}_0000") for i in PEOPLE]
    folders, found = [], {}
    for label, videos in names.items():
        found[label] = {"train": {}, "val": {}, "test": {}}
        for folder, name in videos:
            folders.append(f"rgb/Celeb-DF-v2/{folder}/frames/{name}")
            record = listed(label, folders[-1])
            for split in ("train", "val", "test") if name in TESTED else ("train",):
                found[label][split][name] = record
    return folders, found


def uadfv() -> tuple[list[str], dict]:
    found: dict = {}
    folders = []
    for label, side, ending in (("UADFV_Real", "real", ""), ("UADFV_Fake", "fake", "_fake")):
        videos = {}
        for number in range(2):
            folders.append(f"rgb/UADFV/{side}/frames/{number:04d}{ending}")
            videos[f"{number:04d}{ending}"] = listed(label, folders[-1])
        found[label] = dict.fromkeys(("train", "val", "test"), videos)
    return folders, found


FF_FOLDERS, FF_LIST = faceforensics()
CELEB_FOLDERS, CELEB_LIST = celeb()
UADFV_FOLDERS, UADFV_LIST = uadfv()
MASKS = f"{FF}/manipulated_sequences/Deepfakes/c23/masks/000_001"

TREE = Tree(
    [path for folder in (*FF_FOLDERS, *CELEB_FOLDERS, *UADFV_FOLDERS) for path in stills(folder)],
    texts={
        "dataset_json/FaceForensics++.json": json.dumps({"FaceForensics++": FF_LIST}),
        "dataset_json/FF-DF.json": json.dumps({"FF-DF": FF_LIST}),
        "dataset_json/Celeb-DF-v2.json": json.dumps({"Celeb-DF-v2": CELEB_LIST}),
        "dataset_json/UADFV.json": json.dumps({"UADFV": UADFV_LIST}),
    },
    odd={
        **dict.fromkeys(stills(MASKS), "mask of a manipulation"),
        **dict.fromkeys(stills(f"{FF}/original_sequences/youtube/c23/frames/099"), "in no dataset_json"),
    },
    frames=True,
)
