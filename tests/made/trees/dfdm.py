"""DFDM: fakes only, made from Celeb-DF's videos."""

from made.trees import Tree

MODELS = ["2lightweight", "3iae", "4dfaker", "5dfl-h128"]

TREE = Tree(
    [f"DFDM_crf23/id{i}_id2{i}_0008_{MODELS[i % 4]}.mp4" for i in range(6)]
    + [f"DFDM_crf10/id{i}_id2{i}_0008_{MODELS[i % 4]}.mp4" for i in range(3)],
    odd={
        "DFDM_crf23/id0_id1_0008_1original.mp4": "the authors say both",
        "DFDM_crf23/id0_0008.mp4": "does not fit",
    },
)
