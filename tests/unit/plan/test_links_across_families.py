"""A corpus that was made from others shares the people of each with the corpus itself."""

import pytest
from made.layout_rows import read

from deepfake import tables
from deepfake.corpora.archives import Member
from deepfake.corpora.index import index_corpus
from deepfake.layouts.registry import LAYOUTS
from deepfake.plan.gather import gather
from deepfake.plan.links import link_videos

CORPORA = {
    "own": ("faceforensics", ["original_sequences/youtube/c23/videos/000.mp4",
                              "original_sequences/youtube/c23/videos/003.mp4",
                              "original_sequences/youtube/c23/videos/009.mp4"]),
    "celeb": ("celebdf", ["Celeb-real/id0_0000.mp4", "Celeb-real/id1_0000.mp4", "Celeb-real/id9_0009.mp4"]),
    "more": ("df40", ["DF40/simswap/ff/frames/000_003/0.png", "DF40_train/VQGAN/003/seed0.png",
                      "DF40/blendface/cdf/frames/id0_id1_0000/0.png", "DF40/heygen/fake/frames/000/0.png"]),
}  # fmt: skip


@pytest.fixture
def videos(tmp_path):
    """Return the rows of three corpora as a plan gathers them, without any images; and the families."""
    settings = {"columns": None, "seed": 1, "shard_size": 64, "max_videos": None, "frames": None}
    for corpus, (layout, paths) in CORPORA.items():
        assert not any(row.problem for row in read(layout, paths))
        members = [Member("", path, 9, number) for number, path in enumerate(paths)]
        rows = index_corpus(members, lambda *_: b"", settings | {"layout": layout}, {})
        tables.write_rows(tmp_path / f"index/{corpus}/videos.csv", tables.INDEX, rows)
        for shard in {row["shard"] for row in rows}:
            tables.write_rows(tmp_path / f"faces/{corpus}/{shard}.csv", tables.FACES, [])
    families = {corpus: LAYOUTS[layout].family or corpus for corpus, (layout, _) in CORPORA.items()}
    return gather(tmp_path, families, "faces"), families


@pytest.mark.parametrize("by_person", [False, True])
def test_a_fake_is_with_the_person_in_the_corpus_that_it_was_made_from(videos, by_person):
    rows, families = videos
    nodes = link_videos(rows, [], [], families, by_person).set_index(rows["video"])
    fake, generated, celeb, other = (
        nodes.loc[name] for name in
        ("simswap_ff_000_003", "VQGAN_ff_003_seed0", "blendface_cdf_id0_id1_0000", "heygen_fake_000")
    )  # fmt: skip
    ends = {fake["node"], fake["other"]}
    assert {nodes.loc[f"youtube_{name}", "node"] for name in ("c23_000", "c23_003")} <= ends
    assert generated["node"] in ends
    assert celeb["node"] == nodes.loc["Celeb-real_id0_0000", "node"]
    if by_person:
        assert celeb["other"] == nodes.loc["Celeb-real_id1_0000", "node"]
    alone = {"youtube_c23_009", "Celeb-real_id9_0009", "heygen_fake_000"}
    assert (nodes.loc[list(alone), "node"].value_counts() == 1).all()
    assert other["node"] not in ends
