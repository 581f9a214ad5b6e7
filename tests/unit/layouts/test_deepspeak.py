"""DeepSpeak: both releases' names, what the tables say of them, and tables that contradict."""

import pytest
from made.layout_rows import MISSING, by_path, read, values

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL

V1, V2 = "facefusion_live--10-11--4100-4897--0", "diff2lip-6868-6860-playht"
FAKE_HEADER = "video-file,kind,engine,identity-source,identity-target,recording-source,recording-target"
FILES = {
    "annotations-real.csv": "video-file,identity\n11-4897.mp4,11\n87-6860.mp4,87\n",
    "annotations-fake.csv": f"{FAKE_HEADER},audio-config\n"
    f"{V1}.mp4,face-swap,facefusion_live,10,11,4100,4897,real\n"
    f"{V2}.mp4,lip-sync,diff2lip,12,87,6868,6860,playht\n",
    "annotations-split-def.csv": ",identity,split\n0,11,train\n1,87,test\n",
}


def rows_of(*stems: str, **files: str):
    return by_path(read("deepspeak", [f"x/{stem}.mp4" for stem in stems], FILES | files))


def test_names_and_tables_of_both_releases():
    rows = rows_of("11-4897", V1, "87-6860", V2)
    real, v1, other, v2 = (rows[f"x/{stem}.mp4"] for stem in ("11-4897", V1, "87-6860", V2))
    assert values(real) == ("11-4897", REAL, "", "11", "", "11-4897", "11-4897")
    assert values(other)[1:4] == (REAL, "", "87")
    assert values(v1) == (V1, FAKE, "facefusion_live", "11", "10", "11-4897", "11-4897")
    assert values(v2) == (V2, FAKE, "diff2lip", "87", "12", "87-6860", "87-6860")
    assert v2.attributes == {"kind": "lip-sync", "audio": "playht"}
    assert [row.split for row in (real, v1, v2)] == ["train", "train", "test"]


def test_what_is_not_listed_or_missing_or_contradicts():
    rows = rows_of("11-4897", V1, "99-1", "intro")
    problems = {path.rpartition("/")[2]: row.problem for path, row in rows.items() if row.problem}
    unlisted = "no label: neither annotations-real.csv nor annotations-fake.csv lists it"
    assert problems.pop("intro.mp4").startswith("name does not fit")
    assert problems == {"99-1.mp4": unlisted, "87-6860.mp4": MISSING, f"{V2}.mp4": MISSING}
    both = FILES["annotations-real.csv"] + f"{V1}.mp4,10\n"
    assert rows_of(V1, **{"annotations-real.csv": both})[f"x/{V1}.mp4"].problem.startswith("two labels in")
    wrong = {"annotations-real.csv": "video-file,identity\n11-4897.mp4,12\n"}
    assert "another person's" in rows_of("11-4897", **wrong)["x/11-4897.mp4"].problem
    swapped = {
        "annotations-real.csv": "video-file,identity\n",
        "annotations-fake.csv": f"{FAKE_HEADER}\n11-4897.mp4\n",
    }
    assert "its name is a recording's" in rows_of("11-4897", **swapped)["x/11-4897.mp4"].problem


def test_v1_names_its_people_where_the_table_does_not():
    table = f"video-file\n{V1}.mp4\n{V2}.mp4\n"
    rows = rows_of(V1, V2, **{"annotations-fake.csv": table})
    assert values(rows[f"x/{V1}.mp4"])[2:6] == ("facefusion_live", "11", "10", "11-4897")
    assert values(rows[f"x/{V2}.mp4"])[2:] == ("diff2lip", "", "", "", V2)


def test_a_table_without_its_column_is_refused():
    with pytest.raises(UserError, match=r"annotations-real\.csv: no column 'video-file'"):
        rows_of("11-4897", **{"annotations-real.csv": "file,identity\n"})
