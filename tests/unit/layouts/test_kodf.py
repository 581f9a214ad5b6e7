"""KoDF: names and folders, and the tables that add originals and splits."""

import unicodedata

import pytest
from made.layout_rows import by_path, read, read_one, values

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL

ACTOR, OTHER = "0123456789abcdef0123", "100001"
REALS, FAKES = "원본영상_training_메타데이터.csv", "변조영상_validation_메타데이터.csv"
REAL_HEADER = "영상ID,UUID,인물성별,촬영장소,촬영시작,스크립트파일,시나리오번호"
FAKE_HEADER = "영상ID,타겟영상,타겟UUID,소스UUID,변조모델,촬영시작,인물성별"


@pytest.mark.parametrize(
    ("path", "archive"),
    [
        (f"original_videos/{ACTOR}/{ACTOR}_007.mp4", ""),
        (f"1.Training/[원천][원본]원본1/{ACTOR}/{ACTOR}_007.mp4", ""),
        (f"{ACTOR}_007.mp4", f"{ACTOR}.zip"),
        (f"{ACTOR}/frames/{ACTOR}_007/1.png", ""),
    ],
)
def test_a_real_is_in_the_folder_of_its_actor(path, archive):
    row = read_one("kodf", path, archive)
    assert values(row) == (f"{ACTOR}_007", REAL, "", ACTOR, "", f"{ACTOR}_007", ACTOR)


@pytest.mark.parametrize(
    ("folder", "archive", "code", "method"),
    [
        (f"synthesized_videos/fsgan/20200915/{ACTOR}", "", 3, "fsgan"),
        (f"dfl/{ACTOR}", "vaild_dfl_data.zip", 1, "dfl"),
        (f"{ACTOR}", "[원천][변조]train_dffs1_data.zip", 2, "dffs"),
        ("[원천][변조]audio_driven1", "", 5, "audio-driven"),
        ("fo", "", 3, "fo"),  # the folder counts
        (f"videos/{ACTOR}", "", 4, "fo"),
    ],
)
def test_a_fake_has_the_method_of_its_folder_or_of_its_code(folder, archive, code, method):
    row = read_one("kodf", f"{folder}/{ACTOR}_{OTHER}_{code}_0090.mp4", archive)
    assert values(row) == (f"{ACTOR}_{OTHER}_{code}_0090", FAKE, method, ACTOR, OTHER, "", ACTOR)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (f"original_videos/{OTHER}/{ACTOR}_007.mp4", "name does not fit"),
        (f"{ACTOR}_007.mp4", "name does not fit"),
        (f"dfl/{ACTOR}_1_0090.mp4", "name does not fit"),
        (f"videos/{ACTOR}_{OTHER}_9_0090.mp4", "name does not fit"),
        ("dfl/1_2_1_0090.mp4", "name does not fit"),
        (f"{ACTOR}_{OTHER}_{'1' * 5000}_0090.mp4", "name does not fit"),
        (f"kodf_adv/{ACTOR}/{ACTOR}_007.mp4", "adversarial noise"),
    ],
)
def test_unusable_files(path, problem):
    row = read_one("kodf", path)
    assert row.problem.startswith(problem) and row.label is None


def test_tables_add_sex_split_and_original():
    real, fake = f"{ACTOR}/{ACTOR}_007.mp4", f"dfl/{ACTOR}/{ACTOR}_{OTHER}_1_0090.mp4"
    texts = {
        f"meta/{REALS}": f"{REAL_HEADER}\n{ACTOR}_007.mp4,{ACTOR},남성,a,b,c,d\n",
        f"meta/{FAKES}": (
            f"{FAKE_HEADER}\n{ACTOR}_{OTHER}_1_0090.mp4,{ACTOR}_007.mp4,{ACTOR},{OTHER},dfl,x,남성\n"
        ),
    }
    rows = by_path(read("kodf", [real, fake], texts))
    assert (rows[real].split, rows[real].attributes) == ("train", {"sex": "male"})
    assert (rows[fake].split, rows[fake].attributes) == ("val", {"sex": "male"})
    assert rows[fake].original == rows[real].name and rows[fake].group == rows[real].group == ACTOR


def test_tables_give_the_actors_of_other_names():
    texts = {
        unicodedata.normalize("NFD", REALS): f"{REAL_HEADER}\n200715_x_1.mp4,{ACTOR},여,a,b,c,d\n",
        FAKES: f"{FAKE_HEADER}\nx.mp4,200715_x_1.mp4,{ACTOR},{OTHER},fo,x,여\n",
    }
    rows = read("kodf", ["a/200715_x_1.mp4", "a/unlisted.mp4", "a/x.mp4"], texts)
    assert values(rows[0]) == ("200715_x_1", REAL, "", ACTOR, "", "200715_x_1", ACTOR)
    assert values(rows[2]) == ("x", FAKE, "fo", ACTOR, OTHER, "200715_x_1", ACTOR)
    assert rows[1].problem.startswith("name does not fit")


def test_an_original_with_somebody_else_is_not_believed():
    texts = {FAKES: f"{FAKE_HEADER}\n{ACTOR}_{OTHER}_1_0090.mp4,{OTHER}_001.mp4,{ACTOR},{OTHER},dfl,x,\n"}
    (row,) = read("kodf", [f"dfl/{ACTOR}_{OTHER}_1_0090.mp4"], texts)
    assert (row.original, row.group, row.attributes) == ("", ACTOR, {})


def test_a_table_that_contradicts_a_name():
    texts = {REALS: f"{REAL_HEADER}\n{ACTOR}_{OTHER}_1_0090.mp4,{ACTOR},남,a,b,c,d\n"}
    (row,) = read("kodf", [f"dfl/{ACTOR}_{OTHER}_1_0090.mp4"], texts)
    assert (row.label, row.problem) == (None, "two labels: its name and a table")


def test_two_tables_that_contradict_each_other():
    texts = {
        REALS: f"{REAL_HEADER}\nx.mp4,{ACTOR},남,a,b,c,d\n",
        FAKES: f"{FAKE_HEADER}\nx.mp4,y.mp4,{ACTOR},{OTHER},fo,x,남\n",
    }
    (row,) = read("kodf", ["x.mp4"], texts)
    assert (row.label, row.problem) == (None, "two labels: in the tables")


def test_a_table_without_names_is_an_error():
    with pytest.raises(UserError, match="has no column 영상ID"):
        read("kodf", [], {REALS: "a,b\n1,2\n"})
