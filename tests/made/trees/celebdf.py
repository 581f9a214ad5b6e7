"""Celeb-DF: celebrities who are put into each other's interviews, and strangers; with methods of v3."""

from made.trees import Tree

PEOPLE = range(6)
REAL = [f"Celeb-real/id{person}_000{take}.mp4" for person in PEOPLE for take in (0, 1)]
YOUTUBE = [f"YouTube-real/0000{number}.mp4" for number in range(3)]
FAKE = [f"Celeb-synthesis/id{person}_id{person ^ 1}_0000.mp4" for person in PEOPLE]
OF_V3 = [
    "Celeb-synthesis/FaceSwap/SimSwap/id0_id1_0000.mp4",
    "Celeb-synthesis/FaceReenact/DaGAN/id0_id1_0000.mp4",
    "Celeb-synthesis/TalkingFace/SadTalker/id0_0000_test_id00866_usqvLtEq2qQ.mp4",
]

TREE = Tree(
    [*REAL, *YOUTUBE, *FAKE, *OF_V3],
    texts={"List_of_testing_videos.txt": "1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n"},
    odd={
        "Celeb-synthesis/id0_0009.mp4": "name does not fit",
        "Celeb-synthesis/FaceSwap/id0_id1_0000.mp4": "does not fit Celeb-synthesis/FaceSwap/<method>/<video>",
    },
)
