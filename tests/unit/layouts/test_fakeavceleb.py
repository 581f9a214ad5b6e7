"""FakeAVCeleb: names of each kind of fake, and the table that tells two methods apart."""

import pytest
from made.layout_rows import read, read_one, values

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL

HEADER = "source,target1,target2,method,category,type,race,gender,path,"
PLACE = "African/men/id00076"
ORIGINAL = "RealVideo-RealAudio_id00076_00109"


def fake(kind: str, stem: str) -> str:
    return f"FakeAVCeleb_v1.2/{kind}/{PLACE}/{stem}.mp4"


@pytest.mark.parametrize(
    ("kind", "stem", "method", "source"),
    [
        ("FakeVideo-RealAudio", "00109", "faceswap", ""),
        ("FakeVideo-RealAudio", "00109_1", "faceswap", ""),
        ("FakeVideo-RealAudio", "00109_0_1", "faceswap", ""),
        ("FakeVideo-RealAudio", "00109_id01637_5VjcPZm8knM_faceswap", "faceswap", "id01637"),
        ("FakeVideo-RealAudio", "00109_id00173_UHoMXLSjlDo", "fsgan", "id00173"),
        ("FakeVideo-RealAudio", "00109_id00173_-a_MXLSjlDo", "fsgan", "id00173"),
        ("FakeVideo-RealAudio", "00109_id00166_wavtolip", "wav2lip", ""),
        ("FakeVideo-FakeAudio", "00109_id00391_wavtolip", "wav2lip", ""),
        ("FakeVideo-FakeAudio", "00109_10_id00476_wavtolip", "faceswap-wav2lip", ""),
        ("FakeVideo-FakeAudio", "00109_0_1_id00183_wavtolip", "faceswap-wav2lip", ""),
        (
            "FakeVideo-FakeAudio", "00109_id01637_5VjcPZm8knM_faceswap_id00166_wavtolip",
            "faceswap-wav2lip", "id01637",
        ),
        ("FakeVideo-FakeAudio", "00109_id00173_UHoMXLSjlDo_id00475_wavtolip", "fsgan-wav2lip", "id00173"),
    ],
)  # fmt: skip
def test_the_name_of_a_fake_says_its_method_and_its_face(kind, stem, method, source):
    row = read_one("fakeavceleb", fake(kind, stem))
    assert values(row) == (f"{kind}_id00076_{stem}", FAKE, method, "id00076", source, ORIGINAL, "id00076")
    assert row.attributes["audio"] == ("fake" if kind.endswith("FakeAudio") else "real")


@pytest.mark.parametrize(
    ("kind", "stem", "audio"),
    [
        ("RealVideo-RealAudio", "00109", "real"),
        ("RealVideo-RealAudio", "1", "real"),
        ("RealVideo-FakeAudio", "00109_fake", "fake"),
        ("RealVideo-FakeAudio", "00021", "fake"),
    ],
)
def test_a_real_picture_is_real_whatever_is_heard(kind, stem, audio):
    name = f"{kind}_id00018_{stem}"
    row = read_one("fakeavceleb", f"{kind}/Caucasian (American)/women/id00018/{stem}.mp4")
    assert values(row) == (name, REAL, "", "id00018", "", name, "id00018")
    assert row.attributes == {"audio": audio, "race": "Caucasian (American)", "sex": "female"}


@pytest.mark.parametrize(
    "path",
    [
        "RealVideo-RealAudio/African/men/id00076/00109_fake.mp4",
        "RealVideo-RealAudio/African/men/76/00109.mp4",
        "RealVideo-RealAudio/men/id00076/00109.mp4",
        "RealVideo-RealAudio/African/people/id00076/00109.mp4",
        "FakeVideo/African/men/id00076/00109.mp4",
        "FakeVideo-RealAudio/African/men/id00076/00109_id00173.mp4",
        "FakeVideo-RealAudio/African/men/id00076/00109_1_id00476_wavtolip.mp4",
        "FakeVideo-FakeAudio/African/men/id00076/00109_1.mp4",
        "real/00109.mp4",
    ],
)
def test_other_names_are_not_used(path):
    row = read_one("fakeavceleb", path)
    assert row.problem.startswith("name does not fit") and row.label is None


def test_a_zip_stands_for_its_folder():
    row = read_one("fakeavceleb", f"{PLACE}/00109.mp4", archive="RealVideo-RealAudio.zip")
    assert (row.name, row.problem) == (ORIGINAL, "")


def test_frames_of_a_video():
    rows = read("fakeavceleb", [f"RealVideo-RealAudio/{PLACE}/frames/00109/{n}.png" for n in range(2)])
    assert [(row.name, row.entry.is_frames) for row in rows] == [(ORIGINAL, True)]


@pytest.mark.parametrize("folder", ["FakeAVCeleb", "FakeAVCeleb_v1.2"])
@pytest.mark.parametrize("header", [HEADER, HEADER.replace("path,", "filename,path")])
def test_the_table_tells_methods_with_one_name_apart(folder, header):
    names = {
        "00109_id00391_wavtolip": ["faceswap-wav2lip"],
        "00109_id00460_wavtolip": ["wav2lip"],
        "00109_id00475_wavtolip": ["faceswap-wav2lip", "wav2lip"],  # the release lists such files twice
        "00109_id00476_wavtolip": ["real"],
    }
    kind = "FakeVideo-FakeAudio"
    lines = [header] + [
        f"id00076,x,-,{method},D,{kind},African,men,{name}.mp4,{folder}/{kind}/{PLACE}"
        for name, methods in names.items()
        for method in methods
    ]
    rows = read("fakeavceleb", [fake(kind, name) for name in names], {"a/meta_data.csv": "\n".join(lines)})
    assert [row.method for row in rows] == ["faceswap-wav2lip", "wav2lip", "wav2lip", "wav2lip"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\na,b\n", "meta_data.csv: its first columns are not source, target1"),
        (f"{HEADER}\nid00076,x,-,wav2lip\n", "meta_data.csv, line 2: 4 cells, where 10 are expected"),
        ("", "meta_data.csv: its first columns are not source, target1"),
    ],
)
def test_another_table_is_an_error(text, message):
    with pytest.raises(UserError, match=message):
        read("fakeavceleb", [], {"meta_data.csv": text})
