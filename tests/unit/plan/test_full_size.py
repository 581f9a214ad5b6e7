"""Plans of the four large corpora at full size: no leaks, no unexplained losses, ratios met."""

import pandas as pd
import pytest
from made.full_size import families, gathered, index
from made.image_tables import CFG, kept_images, splits_of

from deepfake.plan.plan import make_plan

SPLITS = {"train": 0.8, "val": 0.15, "test": 0.05}
COUNTS = {
    "faceforensics": (1000, 4000),
    "dfd": (363, 3068),
    "celebdf": (890, 5639),
    "dfdc": (19_050, 104_950),
}


def plan_of(table: pd.DataFrame, corpora: list[str], **settings: object) -> pd.DataFrame:
    return make_plan(table, CFG | {"families": families(corpora), "splits": SPLITS} | settings)


def shared(plan: pd.DataFrame, *columns: str) -> set[str]:
    """The names that occur in more than one split."""
    return {name for name, splits in splits_of(plan, *columns).items() if len(splits) > 1}


@pytest.fixture(scope="module", params=list(COUNTS))
def corpus(request) -> tuple[str, pd.DataFrame]:
    return request.param, gathered([request.param])


def test_every_video_is_indexed(corpus):
    videos = corpus[1].drop_duplicates("video")["label"].value_counts()
    assert (videos["0"], videos["1"]) == pytest.approx(COUNTS[corpus[0]], rel=0.003)


@pytest.mark.parametrize("policy", ["group", "identity"])
def test_nothing_leaks_and_the_ratios_are_met(corpus, policy):
    name, table = corpus
    plan = plan_of(table, [name], policy=policy)
    kept = kept_images(plan)
    assert not shared(kept, "group", "original")
    if policy == "identity":
        assert not shared(kept, "target", "source")
    assert (kept.groupby(["split", "label"]).size().unstack().pipe(lambda n: n["0"] == n["1"])).all()
    methods = kept.groupby("method")["split"].nunique()
    assert (methods == 3).all()
    videos = kept.drop_duplicates("video")["split"].value_counts(normalize=True)
    if policy == "group" or name != "dfd":
        assert (videos - pd.Series(SPLITS)).abs().max() < 0.06
    lost = plan[plan["reason"].str.startswith("its people")].drop_duplicates("video")
    most = {"faceforensics": 0, "dfdc": 0, "dfd": 0.6, "celebdf": 0.6} if policy == "identity" else {}
    assert len(lost) <= most.get(name, 0) * table["video"].nunique()


def test_the_official_splits_of_faceforensics_separate_seven_youtube_videos():
    table = gathered(["faceforensics"], images=1)
    plan = plan_of(table, ["faceforensics"], policy="official", balance="none")
    kept = kept_images(plan)
    assert len(kept.drop_duplicates("video")) == 5000
    assert len(shared(kept, "group")) == 7
    reals = kept[kept["label"] == "0"].drop_duplicates("video")["split"].value_counts()
    assert reals.to_dict() == {"train": 720, "val": 140, "test": 140}


def test_the_rest_of_celebdfs_test_list_goes_to_train_and_val():
    table = gathered(["celebdf"], images=1)
    kept = kept_images(plan_of(table, ["celebdf"], policy="official", balance="none"))
    videos = kept.drop_duplicates("video")["split"].value_counts()
    assert videos["test"] == 518 and videos.sum() == 890 + 5639
    assert shared(kept, "original") and shared(kept, "target", "source")


def test_three_linked_corpora_together():
    names = ["faceforensics", "dfd", "celebdf"]
    table = gathered(names, images=1)
    plan = plan_of(table, names, policy="identity", size_mb=100, stratify=["corpus"])
    kept = kept_images(plan)
    assert not shared(kept, "target", "source", "group")
    assert 99e6 < kept["bytes"].sum() <= 100e6
    counts = kept.groupby(["corpus", "split", "label"]).size().unstack()
    assert (counts["0"] == counts["1"]).all()
    assert index("dfd")["frames_wanted"].astype(int).max() == 80  # the 363 reals, with 8 times as many frames
