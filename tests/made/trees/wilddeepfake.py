"""WildDeepfake: tars of face crops."""

from made.trees import Tree

FOLDERS = ("real_train", "fake_train", "real_test", "fake_test")

TREE = Tree(
    [f"deepfake_in_the_wild/{folder}/{i}.tar.gz" for folder in FOLDERS for i in range(1, 5)],
    odd={"deepfake_in_the_wild/real_train/notes.tar.gz": "name does not fit"},
)
