"""KoDF: actors in folders of their own, fakes in folders of their methods, and AI-Hub's tables."""

from made.trees import Tree

ACTORS = [f"{number:020x}" for number in range(0xABC0, 0xABC4)] + [f"10000{number}" for number in range(4)]
METHODS = ["dfl", "dffs", "fsgan", "fo", "audio-driven"]
REAL = [f"original_videos/{actor}/{actor}_001.mp4" for actor in ACTORS]
FAKE = [
    f"synthesized_videos/{METHODS[i % 5]}/20200915/{actor}/{actor}_20000{i}_{i % 5 + 1}_009{i}.mp4"
    for i, actor in enumerate(ACTORS)
]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


TREE = Tree(
    [*REAL, *FAKE],
    texts={
        "meta/원본영상_training_메타데이터.csv": f"영상ID,UUID,인물성별\n{_name(REAL[0])},{ACTORS[0]},여성\n",
        "meta/변조영상_training_메타데이터.csv": (
            "영상ID,타겟영상,타겟UUID,소스UUID,변조모델,인물성별\n"
            f"{_name(FAKE[0])},{_name(REAL[0])},{ACTORS[0]},200000,dfl,여성\n"
        ),
    },
    odd={
        "original_videos/100000/100001_001.mp4": "does not fit",
        "synthesized_videos/dfl/100000_1_0090.mp4": "does not fit",
        "adversarial/100000/100000_002.mp4": "adversarial noise",
    },
)
