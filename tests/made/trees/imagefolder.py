"""Anybody's folders `real` and `fake`."""

from made.trees import Tree

TREE = Tree(
    [f"real/photo_{i}.jpg" for i in range(8)] + [f"fake/stylegan/{i}/face.png" for i in range(8)],
    odd={"others/photo.jpg": "name does not fit"},
)
