"""UADFV: videos, and a fake of each."""

from made.trees import Tree

TREE = Tree(
    [path for number in range(8) for path in (f"real/000{number}.mp4", f"fake/000{number}_fake.mp4")],
    odd={
        "fake/0009.mp4": "two labels: its folder says fake, its name real",
        "fake/9_fake.mp4": "four digits",
    },
)
