"""Which layout fits a corpus, by its names and its label files."""

import pytest
from made.trees import TREES

from deepfake.corpora.fit import fit_layout, fit_layouts
from deepfake.layouts.entries import Entry
from deepfake.layouts.registry import LAYOUTS


def fit(paths, texts=None, **options):
    files = {Entry("", path): text.encode() for path, text in (texts or {}).items()}
    return fit_layouts([Entry("", path) for path in paths], list(files), files.__getitem__, **options)


def reals_and_fakes(start: str = "", number: int = 8) -> list[str]:
    return [f"{start}{label}/{i:03d}.png" for label in ("real", "fake") for i in range(number)]


@pytest.mark.parametrize("layout", sorted(name for name, tree in TREES.items() if not tree.packed))
def test_each_drawn_corpus_has_its_own_layout(layout):
    tree = TREES[layout]
    choice = fit([*tree.paths, *tree.odd], tree.texts)
    assert choice.best and choice.best.layout == layout
    assert choice.best.is_whole and not choice.rivals
    assert choice.best.used == len(tree.paths)


def test_real_and_fake_may_be_anybodys():
    assert fit(reals_and_fakes()).best.layout == "imagefolder"
    assert fit(reals_and_fakes("train/")).best.layout == "imagefolder"


def test_nothing_fits_people_in_folders():
    choice = fit([f"lfw/person_{i}/person_{i}_0001.jpg" for i in range(20)])
    assert choice.best is None and not choice.rivals
    assert len(choice.fits) >= len(LAYOUTS) - 3


def test_a_few_files_do_not_make_a_layout():
    names = [f"photos/{i}.jpg" for i in range(20)] + ["original/1.jpg", "fake/1.jpg"]
    assert fit(names).best is None


def table(lines) -> dict[str, str]:
    return {"faces.csv": "\n".join(lines)}


def test_a_table_that_says_no_more_than_the_folders_is_not_needed():
    paths = reals_and_fakes()
    choice = fit(paths, table(["file,label", *(f"{path},{path.split('/')[0]}" for path in paths)]))
    assert choice.best.layout == "imagefolder"
    assert [other.layout for other in choice.equals] == ["csv"]


def test_a_table_that_says_more_than_the_folders_is_used():
    paths = reals_and_fakes()
    lines = [f"{path},{path.split('/')[0]},real/{path[-7:]}" for path in paths]
    best = fit(paths, table(["file,label,original", *lines])).best
    assert (best.layout, best.columns["original"]) == ("csv", "original")
    assert {row.group for row in best.usable if row.entry.name == "003.png"} == {"fake/003.png"}


def test_a_table_that_contradicts_the_folders_is_for_the_user_to_decide():
    paths = reals_and_fakes()
    turned = {"real": 1, "fake": 0}
    choice = fit(paths, table(["file,label", *(f"{path},{turned[path.split('/')[0]]}" for path in paths)]))
    assert choice.best is None
    assert [rival.layout for rival in choice.rivals] == ["csv", "imagefolder"]


def test_a_label_file_that_cannot_be_read_is_told():
    choice = fit([f"{i}.mp4" for i in range(5)], {"metadata.json": "{"})
    assert choice.best is None
    assert "metadata.json" in {fit.layout: fit.error for fit in choice.fits}["dfdc"]


HOSTILE = [
    b"", b"null", b"[]", b"{}", b"[[[[", b"[" * 20_000, b'{"a": 1}', b'[{"file": 3}]',
    b'{"a": {"b": [null]}}', b"a,b\n1", b"\xff\xfe\0", b"\0" * 100, b'"', b"filename,label\n,",
    b"\xed\xa0\x80",
]  # fmt: skip


@pytest.mark.parametrize("layout", sorted(name for name, tree in TREES.items() if tree.texts))
def test_damaged_label_files_are_told_or_passed_over(layout):
    tree = TREES[layout]
    media = [Entry("", path) for path in tree.paths]
    whole = {Entry("", path): text.encode() for path, text in tree.texts.items()}
    for entry, text in whole.items():
        for data in [*HOSTILE, text[: len(text) // 2]]:
            files = {**whole, entry: data}
            found = fit_layout(layout, media, list(files), files.__getitem__, tree.columns)
            assert found.error or found.total == len(media)


def test_weights_count_for_the_files_that_were_not_taken():
    media = [Entry("", path) for path in reals_and_fakes(number=2)]
    weights = {("", "real"): 10.0, ("", "fake"): 3.0}
    found = fit_layout("imagefolder", media, [], lambda entry: b"", weights=weights)
    assert (found.used, found.total, found.share) == (26, 26, 1)


def test_stills_of_a_video_count_each():
    stills = [f"original_sequences/youtube/c23/frames/{v:03d}/{i}.png" for v in range(3) for i in range(4)]
    assert fit(stills).best.used == 12
