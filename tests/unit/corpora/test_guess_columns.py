"""What the columns of a table mean, by its header and its values."""

import pytest

from deepfake.corpora.guess_columns import guess_tables, lines_about
from deepfake.layouts.entries import Entry

MEDIA = [Entry("", f"faces/{name}{i}.jpg") for i in range(10) for name in ("a", "b")]


def guess(header: str, line, media=MEDIA) -> dict | None:
    """The guess for a table with `line(entry, is_fake)` for each file; the b's are fakes."""
    lines = [line(entry, entry.name.startswith("b")) for entry in media]
    text = "\n".join([header, *lines]).encode()
    found = guess_tables([Entry("", "info.csv")], media, lambda entry: text)
    return found[0] if found else None


def test_the_column_that_names_the_files_is_that_of_paths():
    found = guess(
        "original,file,label", lambda e, fake: f"{'a' + e.name[1:] if fake else ''},{e.name},{int(fake)}"
    )
    assert found == {
        "table": "info.csv", "path": "file", "label": "label", "real": ["0"], "fake": ["1"],
        "original": "original",
    }  # fmt: skip


def test_paths_of_other_machines_and_names_without_endings():
    for path in ("C:\\data\\{0}", "/kaggle/input/{0}"):
        assert (
            guess("where,label", lambda e, fake, p=path: f"{p.format(e.name)},{int(fake)}")["path"] == "where"
        )
    assert guess("id,label", lambda e, fake: f"{e.stem},{int(fake)}")["path"] == "id"


@pytest.mark.parametrize(
    ("column", "real", "fake"),
    [("label", "REAL", "FAKE"), ("kind", "original", "deepfake"), ("is_fake", "False", "True")],
)
def test_words_say_the_class(column, real, fake):
    found = guess(f"file,{column}", lambda e, is_fake: f"{e.name},{fake if is_fake else real}")
    assert (found["label"], found["real"], found["fake"]) == (column, [real.lower()], [fake.lower()])


def test_a_column_called_real_has_1_for_real():
    found = guess("file,is_real", lambda e, fake: f"{e.name},{int(not fake)}")
    assert (found["real"], found["fake"]) == (["1"], ["0"])


def test_words_are_surer_than_digits():
    line = "file,label,label_str"
    found = guess(line, lambda e, fake: f"{e.name},{int(not fake)},{'fake' if fake else 'real'}")
    assert (found["label"], found["real"]) == ("label_str", ["real"])


def test_flags_of_other_names_say_nothing():
    assert guess("file,smiling", lambda e, fake: f"{e.name},{int(fake)}") is None


def test_methods_say_the_class_where_one_is_real():
    kinds = ["FaceSwap", "Deepfakes", "NeuralTextures"]
    found = guess(
        "file,method", lambda e, fake: f"{e.name},{kinds[int(e.stem[1:]) % 3] if fake else 'original'}"
    )
    assert (found["label"], found["method"], found["real"]) == ("method", "method", ["original"])
    assert found["fake"] == sorted(map(str.lower, kinds))


def test_other_columns_by_usual_names_and_values():
    found = guess(
        "file,label,set,video_id,gender,source",
        lambda e, fake: f"{e.name},{int(fake)},{('train', 'val')[fake]},v{e.stem},f,ff++",
    )
    assert (found["split"], found["group"], found["attributes"]) == ("set", "video_id", ["gender"])
    assert "source" not in found  # the name of a corpus, not of a person
    assert "split" not in guess("file,label,set", lambda e, fake: f"{e.name},{int(fake)},x")


@pytest.mark.parametrize("text", [b"", b"a", b"file,file\n1,2", b"\xff\xd8\xff", b'a,b\n"c', b"x,y\n1,2\n"])
def test_other_files_are_no_tables(text):
    assert guess_tables([Entry("", "info.csv")], MEDIA, lambda entry: text) == []


def test_a_large_table_may_be_sorted_by_label():
    lines = [f"{label}/{i}.png,{label}" for label in ("real", "fake") for i in range(30_000)]
    media = [Entry("", f"{label}/{i}.png") for label in ("real", "fake") for i in (3, 29_999)]
    text = "\n".join(["file,label", *lines]).encode()
    (found,) = guess_tables([Entry("", "info.csv")], media, lambda entry: text)
    assert found == {
        "table": "info.csv",
        "path": "file",
        "label": "label",
        "real": ["real"],
        "fake": ["fake"],
    }
    assert lines_about(text, Entry("", "info.csv"), "file", media[:1]).decode().split() == [
        "file,label", "real/3.png,real", "fake/3.png,fake",
    ]  # fmt: skip


def test_the_table_that_names_most_comes_first():
    def read(entry: Entry) -> bytes:
        files = MEDIA if entry.name == "all.csv" else MEDIA[:8]
        return "\n".join(["file,label", *(f"{e.name},{int(e.name[0] == 'b')}" for e in files)]).encode()

    found = guess_tables([Entry("", "few.csv"), Entry("", "all.csv")], MEDIA, read)
    assert [guess["table"] for guess in found] == ["all.csv", "few.csv"]
