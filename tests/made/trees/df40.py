"""DF40: swaps and generated faces made from FaceForensics++ and Celeb-DF, which lie beside them."""

from made.trees import Tree

PAIRS = [(f"{i:03d}", f"{i + 1:03d}") for i in range(0, 8, 2)]
TRAIN, TEST = PAIRS[:3], PAIRS[3:]
PEOPLE = range(4)
FF_REALS = "FaceForensics++/original_sequences/youtube/c23/frames"


def frames(folder: str) -> list[str]:
    return [f"{folder}/{number:03d}.png" for number in (0, 14)]


FOLDERS = [
    *(f"{FF_REALS}/{name}" for pair in PAIRS for name in pair),
    *(f"Celeb-DF-v2/Celeb-real/frames/id{i}_0000" for i in PEOPLE),
    *(f"DF40_train/simswap/frames/{target}_{source}" for target, source in TRAIN),
    *(f"DF40/simswap/ff/frames/{target}_{source}" for target, source in TEST),
    *(f"DF40/blendface/cdf/frames/id{i}_id{i ^ 1}_0000" for i in PEOPLE),
    *(f"DF40/heygen/{side}/frames/0{i}" for side in ("real", "fake") for i in range(2)),
]

TREE = Tree(
    [
        *(path for folder in FOLDERS for path in frames(folder)),
        *(f"DF40_train/StyleGAN2/00{i}/seed01{i}.png" for i in range(3)),
        *(f"DF40/DiT/cdf/Fake_from_Celeb-real/id{i}_0000/{i}.png" for i in range(2)),
        *(f"DF40/stargan/{side}/{side}/00{i}.jpg" for side in ("real", "fake") for i in range(2)),
    ],
    odd={"DF40/simswap/ff/frames/x/000.png": "name does not fit"},
    frames=True,
)
