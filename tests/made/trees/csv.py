"""Faces of any set, with a table that names them."""

from made.trees import Tree

ROWS = [(f"faces/{name}.jpg", name, i) for i in range(8) for name in (f"person{i}", f"person{i}_swapped")]
LINES = [f"{path},{'fake' if name.endswith('swapped') else 'real'},person{i}" for path, name, i in ROWS]

TREE = Tree(
    [path for path, _, _ in ROWS],
    texts={"info.csv": "\n".join(["file,kind,person", *LINES, ""])},
    odd={"faces/nobody.jpg": "not in info.csv"},
    columns={"table": "info.csv", "path": "file", "label": "kind", "group": "person"},
)
