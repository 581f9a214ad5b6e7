"""Celeb-DF v2: celebrities who are put into each other's interviews, and strangers."""

from made.trees import Tree

PEOPLE = range(6)
REAL = [f"Celeb-real/id{person}_000{take}.mp4" for person in PEOPLE for take in (0, 1)]
YOUTUBE = [f"YouTube-real/0000{number}.mp4" for number in range(3)]
FAKE = [f"Celeb-synthesis/id{person}_id{person ^ 1}_0000.mp4" for person in PEOPLE]

TREE = Tree(
    [*REAL, *YOUTUBE, *FAKE],
    texts={"List_of_testing_videos.txt": "1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n"},
    odd={"Celeb-synthesis/id0_0009.mp4": "name does not fit"},
)
