"""AV-Deepfake1M++: speakers of VoxCeleb2 and LRS3, with a moment of picture or sound that is fake."""

import json

from made.trees import Tree

PLACES = {
    **{f"vox_celeb_2/id0001{n}/{n}1Uxsk56VDQ/00001": "train" for n in range(4)},
    **{f"vox_celeb_2/id0002{n}/{n}_Uxsk-6VDQ/00007": "val" for n in range(2)},
    "lrs3/ukgnU2aXM2c/00004": "train",
    "silent_videos/subject_1_3fe8_vid_0_1": "val",
}
TYPES = {
    "real": "real",
    "fake_video_fake_audio": "both_modified",
    "fake_video_real_audio": "visual_modified",
    "real_video_fake_audio": "audio_modified",
}


def record(place: str, split: str, name: str) -> dict:
    segments = [[0.04, 0.14]]
    return {
        "file": f"{place}/{name}.mp4",
        "original": f"{place}/real.mp4" if name != "real" else "VoxCeleb2/dev/mp4/x.mp4",
        "split": split,
        "modify_type": TYPES[name],
        "audio_model": None if name == "real" else "vits",
        "video_model": "Talklip" if name.startswith("fake") else None,
        "fake_segments": [] if name == "real" else segments,
        "visual_fake_segments": segments if name.startswith("fake") else [],
        "audio_fake_segments": segments if name.endswith("fake_audio") else [],
        "video_frames": 5,
    }


RECORDS = {
    split: [
        record(place, own, name)
        for number, (place, own) in enumerate(PLACES.items())
        for name in (list(TYPES) if number < 2 else list(TYPES)[:2])
        if own == split
    ]
    for split in ("train", "val")
}

TREE = Tree(
    [f"{split}/{entry['file']}" for split, records in RECORDS.items() for entry in records],
    texts={f"{split}_metadata.json": json.dumps(records) for split, records in RECORDS.items()},
    odd={
        "test/000012.mp4": "name does not fit",
        "val/vox_celeb_2/id00099/Abcdefghijk/00001/fake_video_fake_audio.mp4": "no label",
    },
)
