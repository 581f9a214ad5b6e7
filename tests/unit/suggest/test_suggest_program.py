"""scripts/suggest.py: from files that nobody has described to a config that the workflow takes."""

import json
import re
import zipfile
from pathlib import Path

import pytest
import yaml
from made.config import checked
from made.programs import run_program
from made.trees import TREES

from deepfake.layouts.entries import REAL
from deepfake.layouts.registry import LAYOUTS

NAMES_ONLY = sorted(name for name, tree in TREES.items() if not tree.packed)


def make(folder: Path, layout: str) -> Path:
    """The names and label files of a drawn corpus; its media are empty."""
    tree = TREES[layout]
    for path in [*tree.paths, *tree.odd]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    for path, text in tree.texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def zipped(folder: Path, archive: Path, start: str = "") -> Path:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.relative_to(folder).as_posix().startswith(start):
                file.write(path, path.relative_to(folder))
    return archive


def suggest(capsys, *args) -> tuple[int, str, str]:
    code = run_program("suggest.py", *args)
    done = capsys.readouterr()
    return code, done.out, done.err


def found(capsys, *args) -> dict[str, dict]:
    """What `--json` says of each corpus."""
    _, out, _ = suggest(capsys, "--json", *args)
    return {corpus["name"]: corpus for corpus in json.loads(out)["corpora"]}


@pytest.mark.parametrize("layout", NAMES_ONLY)
def test_each_drawn_corpus_is_recognised_and_its_config_is_one(layout, tmp_path, capsys):
    code, out, report = suggest(capsys, make(tmp_path / "My Corpus", layout))
    assert f"layout {layout}:" in report
    fakes_only = "such a corpus has no reals" in report
    assert code == (3 if fakes_only else 0) and not (fakes_only and REAL in LAYOUTS[layout].classes)
    config = yaml.safe_load(out)
    assert config["corpora"]["my_corpus"]["layout"] == layout
    assert config["corpora"]["my_corpus"]["folder"] == str(tmp_path / "My Corpus")
    assert checked(out)["corpora"]["my_corpus"]["layout"] == layout
    if not fakes_only:
        assert config["datasets"]["mine"]["corpora"] == ["my_corpus"]
        assert sum(config["datasets"]["mine"]["splits"].values()) == pytest.approx(1)


def test_a_folder_of_all_corpora_is_divided(tmp_path, capsys):
    for layout in NAMES_ONLY:
        make(tmp_path / f"of_{layout}", layout)
    corpora = found(capsys, tmp_path)
    assert {name: corpus["layout"] for name, corpus in corpora.items()} == {
        f"of_{layout}": layout for layout in NAMES_ONLY
    }
    assert {corpus["folder"] for corpus in corpora.values()} == {
        str(tmp_path / f"of_{layout}") for layout in NAMES_ONLY
    }
    one = yaml.safe_load(suggest(capsys, tmp_path)[1])["datasets"]["mine"]["corpora"]
    assert one == [f"of_{layout}" for layout in NAMES_ONLY]


def test_two_versions_of_one_corpus_are_two(tmp_path, capsys):
    for version in ("Celeb-DF-v1", "Celeb-DF-v2"):
        make(tmp_path / version, "celebdf")
    assert sorted(found(capsys, tmp_path)) == ["celeb_df_v1", "celeb_df_v2"]


def test_numbered_parts_are_one(tmp_path, capsys):
    for part in (0, 1, 3):
        make(tmp_path / f"dfdc_train_part_{part}", "dfdc")
    (corpus,) = found(capsys, tmp_path).values()
    assert (corpus["layout"], corpus["folder"]) == ("dfdc", str(tmp_path))
    assert any("absent: dfdc_train_part_2" in line for line in corpus["odd"])


class TestArchives:
    """Zips, alone and several, given or in a folder."""

    def test_parts_are_one_corpus_by_a_pattern(self, tmp_path, capsys):
        source = make(tmp_path / "source", "dfdc")
        (tmp_path / "zips").mkdir()
        for part in range(5):
            zipped(source, tmp_path / f"zips/dfdc_train_part_{part}.zip")
        code, out, _ = suggest(capsys, tmp_path / "zips")
        corpora = yaml.safe_load(out)["corpora"]
        pattern = str(tmp_path / "zips/dfdc_train_part_*.zip")
        assert corpora == {"dfdc_train": {"layout": "dfdc", "archives": [pattern]}}
        assert code == 0

    def test_one_zip_for_each_folder_is_one_corpus(self, tmp_path, capsys):
        source = make(tmp_path / "source", "celebdf")
        for folder in ("Celeb-real", "YouTube-real", "Celeb-synthesis"):
            zipped(source, tmp_path / f"{folder}.zip", f"{folder}/")
        (corpus,) = found(capsys, *sorted(tmp_path.glob("*.zip"))).values()
        assert (corpus["layout"], len(corpus["archives"])) == ("celebdf", 3)

    def test_several_corpora_are_told_apart(self, tmp_path, capsys):
        for layout in ("faceforensics", "imagefolder"):
            zipped(make(tmp_path / layout, layout), tmp_path / f"{layout}.zip")
        corpora = found(capsys, *tmp_path.glob("*.zip"))
        assert {name: corpus["layout"] for name, corpus in corpora.items()} == {
            "faceforensics": "faceforensics", "imagefolder": "imagefolder",
        }  # fmt: skip

    def test_a_zip_beside_what_is_in_it_is_not_a_second_corpus(self, tmp_path, capsys):
        zipped(make(tmp_path / "celebdf", "celebdf"), tmp_path / "celebdf.zip")
        (corpus,) = found(capsys, tmp_path).values()
        assert corpus["layout"] == "celebdf" and corpus["folder"]
        assert any("celebdf.zip is not looked at" in line for line in corpus["odd"])

    def test_archives_that_are_not_read_have_advice(self, tmp_path, capsys):
        make(tmp_path / "x", "imagefolder")
        for name in ("a.7z", "b.rar", "c.z01", "d.zip.001", "e.tar.xz"):
            (tmp_path / name).write_bytes(b"7z" if name == "a.7z" else b"x" * 600)
        (tmp_path / "broken.zip").write_bytes(b"PK\3\4 and no more")
        code, _, report = suggest(capsys, tmp_path)
        for advice in ("7z x", "unrar x", "zip -s 0", "cat ", "tar -xf", "cut off or damaged"):
            assert advice in report
        assert code == 3


class TestLabelFiles:
    """Files that say labels and splits, beside the corpus."""

    def test_they_go_to_the_corpus_that_reads_them(self, tmp_path, capsys):
        lists = make(tmp_path / "x", "celebdf") / "List_of_testing_videos.txt"
        beside = lists.rename(tmp_path / lists.name)
        code, out, _ = suggest(capsys, tmp_path / "x", beside)
        assert yaml.safe_load(out)["corpora"]["x"]["label_files"] == [str(beside)]
        assert code == 0
        assert any("no official splits" in line for line in found(capsys, tmp_path / "x")["x"]["odd"])

    def test_one_that_nothing_reads_is_told(self, tmp_path, capsys):
        (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
        code, _, report = suggest(capsys, make(tmp_path / "x", "celebdf"), tmp_path / "notes.csv")
        assert "no corpus reads this label file" in report and code == 3


class TestNothingFits:
    """What is said of files that can't be used as they are."""

    @pytest.fixture
    def photos(self, tmp_path) -> Path:
        for i in range(12):
            (tmp_path / f"photos/person_{i}").mkdir(parents=True)
            (tmp_path / f"photos/person_{i}/{i}.jpg").touch()
        return tmp_path / "photos"

    def test_photos_of_people_have_no_fakes(self, photos, capsys):
        code, out, report = suggest(capsys, photos)
        assert "it has no fakes by its names" in report
        assert code == 3 and yaml.safe_load(out) is None

    def test_a_table_to_fill_in_makes_it_a_corpus(self, photos, tmp_path, capsys):
        table = tmp_path / "mine.csv"
        _, out, _ = suggest(capsys, photos, "--table", table)
        lines = table.read_text().splitlines()
        assert lines[0] == "path,label,method,original,group,split" and len(lines) == 13
        filled = [f"{line.split(',')[0]},{('real', 'fake')[i % 2]},,,," for i, line in enumerate(lines[1:])]
        table.write_text("\n".join([lines[0], *filled]))
        again = found(capsys, photos, table)["photos"]
        assert (again["layout"], again["classes"]) == ("csv", {"real": 6, "fake": 6})
        commented = re.search(r"^# corpora:\n(?:#  .*\n)+", out, re.M)[0]
        assert yaml.safe_load(re.sub("^# ?", "", commented, flags=re.M))["corpora"]["photos"] == {
            "layout": "csv",
            "folder": str(photos),
            "label_files": [str(table)],
            "columns": {"table": "mine.csv"} | {key: key for key in lines[0].split(",")},
        }

    def test_the_nearest_layout_is_named_with_the_files_that_do_not_fit(self, photos, capsys):
        (photos / "real").mkdir()
        (photos / "real/1.jpg").touch()
        _, _, report = suggest(capsys, photos)
        assert "nearest is imagefolder: 1 of 13 files" in report and "name does not fit" in report

    def test_only_masks_are_no_corpus(self, tmp_path, capsys):
        for i in range(5):
            path = tmp_path / f"x/manipulated_sequences/Deepfakes/masks/videos/{i:03d}_{i + 1:03d}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        code, out, report = suggest(capsys, tmp_path / "x")
        assert "nearest is faceforensics: 0 of 5 files fit, 5 it leaves out" in report and "mask" in report
        assert code == 3 and yaml.safe_load(out) is None

    def test_videos_of_dfdc_without_their_labels(self, tmp_path, capsys):
        (tmp_path / "x").mkdir()
        for letter in "abcdef":
            (tmp_path / f"x/{letter * 10}.mp4").touch()
        assert "named like DFDC's, but without labels" in suggest(capsys, tmp_path / "x")[2]

    def test_a_label_file_that_is_damaged_is_told(self, tmp_path, capsys):
        make(tmp_path / "x", "dfdc")
        for path in (tmp_path / "x").rglob("*.json"):
            path.write_text("{")
        _, _, report = suggest(capsys, tmp_path / "x")
        assert "nearest is dfdc" in report and "expected a JSON object" in report

    def test_a_tar_has_to_be_unpacked(self, tmp_path, capsys):
        (tmp_path / "x").mkdir()
        (tmp_path / "x/all.tar").touch()
        assert "tar archives are not read" in suggest(capsys, tmp_path / "x")[2]

    def test_reals_alone_are_in_the_config_as_comments(self, tmp_path, capsys):
        for i in range(5):
            (tmp_path / f"x/real/{i}").mkdir(parents=True)
            (tmp_path / f"x/real/{i}/1.png").touch()
        code, out, _ = suggest(capsys, tmp_path / "x")
        assert "it has no fakes, only reals" in out and yaml.safe_load(out) is None and code == 3

    def test_nothing_at_all(self, tmp_path, capsys):
        code, out, report = suggest(capsys, tmp_path)
        assert "No videos" in report and yaml.safe_load(out) is None and code == 3

    def test_what_is_no_corpus_is_an_error(self, tmp_path, capsys):
        (tmp_path / "a.mp4").touch()
        assert suggest(capsys, tmp_path / "a.mp4")[0] == 1
        assert suggest(capsys, tmp_path / "nothing")[0] == 1


def test_hostile_names_stay_data(tmp_path, capsys):
    name = 'o\'b: "x" # {y}\nlayout: dfdc\x1b[31m'
    make(tmp_path / name, "celebdf")
    _, out, report = suggest(capsys, tmp_path / name)
    (corpus,) = yaml.safe_load(out)["corpora"].values()
    assert corpus["folder"] == str(tmp_path / name) and corpus["layout"] == "celebdf"
    assert "\x1b" not in report and "\nlayout: dfdc" not in report
    assert "for a wildcard" in out


def test_the_config_goes_to_a_file(tmp_path, capsys):
    assert suggest(capsys, make(tmp_path / "x", "dfd"), "--output", tmp_path / "own.yaml")[1] == ""
    text = (tmp_path / "own.yaml").read_text()
    assert yaml.safe_load(text)["corpora"]["x"]["layout"] == "dfd" and "--configfile" in text


@pytest.mark.parametrize(
    ("name", "layout", "classes"),
    [
        ("ffpp", "faceforensics", {"real": 3, "fake": 4}),
        ("ffpp_c40", "faceforensics", {"real": 11, "fake": 24}),
        ("celebdf", "celebdf", {"real": 6, "fake": 6}),
        ("dfdc_crops.zip", "csv", {"real": 4252, "fake": 7282}),
        ("stylegan.zip", "imagefolder", {"real": 550, "fake": 550}),
        ("ciplab.zip", "ciplab", {"real": 480, "fake": 480}),
    ],
)
def test_real_corpora_are_recognised(data, name, layout, classes, capsys):
    (corpus,) = found(capsys, data / name).values()
    assert (corpus["layout"], corpus["classes"]) == (layout, classes)
    assert bool(corpus["crops"]) == name.endswith(".zip")


def test_a_real_folder_of_everything_is_divided(data, capsys):
    corpora = found(capsys, data)
    layouts = {name: corpus["layout"] for name, corpus in corpora.items() if corpus["usable"]}
    assert layouts == {
        "ffpp": "faceforensics", "ffpp_c40": "faceforensics", "celebdf": "celebdf", "dfdc_crops": "csv",
        "stylegan": "imagefolder", "ciplab": "ciplab",
    }  # fmt: skip
    assert corpora["dfdc_crops"]["columns"]["original"] == "original"
    assert corpora["lfw"]["layout"] is None and set(LAYOUTS) >= set(layouts.values())
