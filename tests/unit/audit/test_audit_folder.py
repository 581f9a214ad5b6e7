"""The audit of a folder that was made elsewhere: what its images tell, and what is called unknown."""

import json
import os
import zipfile
from itertools import groupby
from pathlib import Path

import pytest
from made.dataset import names, result, texture
from made.programs import run_program

from deepfake.audit.folder import read_folder
from deepfake.audit.image_tasks import ReaderSettings
from deepfake.audit.read_images import read_images
from deepfake.errors import UserError
from deepfake.extraction import images
from deepfake.extraction.limits import MEDIA_LIMITS


def write(folder: Path, *paths: str, first: int = 0) -> Path:
    """Write an image of its own to each path."""
    for number, path in enumerate(paths, start=first):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(images.encode(texture(number), "jpg", 95))
    return folder


def audit(folder: Path, *options: str, code: int = 0) -> dict:
    output = folder.parent / "audit.json"
    page = folder.parent / "audit.html"
    arguments = ["--folder", folder, "--output", output, "--output-page", page, "--threads", "2", *options]
    assert run_program("audit_folder.py", *arguments) == code
    return json.loads(output.read_text())


@pytest.mark.parametrize(
    "path, split, label, kind, video",
    [
        ("Train/Real/a.jpg", "train", "0", "real", "Train/Real/a"),
        ("validation/1_fake/000_003/12.png", "val", "1", "fake", "validation/1_fake/000_003"),
        ("data/TEST/cats/b.webp", "test", "", "cats", "data/TEST/cats/b"),
        ("originals/testing/x_frame_3.jpg", "test", "0", "real", "originals/testing/x"),
        ("test/x.jpg", "test", "", "(no class)", "test/x"),
    ],
)
def test_split_class_and_video_are_read_from_the_path(tmp_path, path, split, label, kind, video):
    rows, others = read_folder(write(tmp_path / "d", path), "d")
    row = rows.iloc[0]
    assert (row["file_name"], row["split"], row["label"], row["class"]) == (path, split, label, kind)
    assert row["video"] == video and row["known_video"] == "" and not others


def test_what_is_not_audited_is_counted_and_a_folder_without_splits_is_refused(tmp_path):
    folder = write(tmp_path / "d", "train/real/a.jpg", "more/b.jpg", "train/real/.cache/c.jpg")
    (folder / "notes.txt").write_text("x")
    rows, others = read_folder(folder, "d")
    assert len(rows) == 1 and others == {
        "images in no split's folder": 1,
        "hidden or service files": 1,
        "files that aren't images": 1,
    }
    with pytest.raises(UserError, match="named like a split"):
        read_folder(write(tmp_path / "e", "real/a.jpg"), "e")
    with pytest.raises(UserError, match="no such folder"):
        read_folder(tmp_path / "f", "f")


def test_a_table_says_who_is_who(tmp_path):
    folder = write(tmp_path / "d", "train/real/a.jpg", "test/real/b.jpg")
    (folder / "metadata.csv").write_text("File_Name;target\ntrain/real/a.jpg;Ann\n../../etc/passwd;Bob\n")
    (folder / "test/metadata.csv").write_text("file_name,video,target\nreal/b.jpg,v,Ann\n")
    rows, _ = read_folder(folder, "d")
    assert rows["target"].tolist() == ["Ann", "Ann"] and rows["known_video"].tolist() == ["v", ""]
    assert rows["video"].tolist() == ["v", "train/real/a"]


def test_what_images_do_not_tell_is_unknown_and_damage_is_bounded(tmp_path, capsys):
    folder = write(
        tmp_path / "d",
        "lost.jpg",
        *[f"{s}/{c}/{n}.jpg" for s in ("train", "test") for c in ("real", "fake") for n in "ab"],
    )
    good = audit(folder)
    assert good["passed"] and names(good, "unknown") == {"people", "originals", "videos"}  # no face is found
    assert names(good, "passed") == {"files", "classes", "splits", "duplicates"}
    assert good["splits"]["train"]["classes"]["fake"]["images"] == 2 and good["faces"]["known"] == 0
    page = (tmp_path / "audit.html").read_text()
    assert "made elsewhere" in page and "Not looked at: 1 images in no split" in page
    assert "people: unknown" in capsys.readouterr().out
    copy = (folder / "train/real/a.jpg").read_bytes()
    (folder / "test/fake/a.jpg").write_bytes(copy)
    (folder / "test/real/b.jpg").write_bytes(b"\xff\xd8\xffno image")
    (folder / "test/real/gone.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(folder / "test/real/pipe.png")
    (folder / "test/ai \x1b[31m").mkdir()
    (folder / "test/ai \x1b[31m/x.jpg").write_bytes(copy)
    bad = audit(folder, "--strict", code=1)
    assert names(bad, "failed") == {"files", "classes", "splits", "duplicates"}
    problems = "\n".join(result(bad, "files")["examples"])
    assert all(
        name in problems for name in ("b.jpg: not an image", "gone.jpg: can't be", "pipe.png: can't be")
    )
    assert "\x1b" not in (tmp_path / "audit.html").read_text() + capsys.readouterr().out


def test_an_image_that_takes_too_long_has_the_reason_and_no_other_one(tmp_path):
    folder = write(tmp_path, "a.jpg", "b.jpg")
    settings = ReaderSettings(str(folder), {**MEDIA_LIMITS, "seconds": 0}, None)
    done = []
    read = read_images(settings, ["b.jpg", "a.jpg"], 2, done.append)
    assert list(read) == ["b.jpg", "a.jpg"] and sum(done) == 2
    assert all("limits.seconds = 0" in image.file.problem and image.file.bytes for image in read.values())


def test_whole_photos_of_one_person_in_two_splits_are_found(data, tmp_path):
    """LFW's photos, in which faces are small: each person in one split, but for one photo."""
    folder = tmp_path / "photos"
    with zipfile.ZipFile(data / "lfw.zip") as photos:
        listed = sorted(name for name in photos.namelist() if name.endswith(".jpg"))
        people = [list(group) for _, group in groupby(listed, key=lambda name: name.split("/")[1])]
        for number, group in enumerate([group for group in people if len(group) > 2][:6]):
            for photo in group[:3]:
                split = "test" if number % 2 or photo == listed[0] else "train"
                path = folder / split / "someone" / Path(photo).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(photos.read(photo))
    report = audit(folder)
    people = report["faces"]["people"]["test"]
    assert people["people_in_train"] == 1 and names(report, "failed") == {"people"}
    assert Path(listed[0]).name in result(report, "people")["examples"][0]
