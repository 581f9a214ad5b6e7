"""Which files of a corpus are taken, in a folder as in a zip, and what is said of all the others."""

import io
import json
import os
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from made.programs import run_program
from PIL import Image

from deepfake import tables
from deepfake.extraction.tars import read_tar

LIMITS = {"members": 1000, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
SECTION = {"seed": 42, "max_videos": None, "shard_size": 64, "columns": None, "limits": LIMITS}
SECTION |= {"frames": {"count": 3, "boost": 8}, "layout": "imagefolder"}


def image(ending: str, number: int = 0) -> bytes:
    return cv2.imencode(ending, np.full((48, 64, 3), number, np.uint8))[1].tobytes()


def gif(count: int) -> bytes:
    out = io.BytesIO()
    first, *more = (Image.new("RGB", (64, 48), (n * 90, 0, 0)) for n in range(count))
    first.save(out, "GIF", save_all=True, append_images=more)
    return out.getvalue()


FILES = {
    "real/a.tif": image(".tiff", 1), "real/b": image(".png", 2), "real/still.gif": gif(1),
    "fake/moving.gif": gif(3), "fake/c.jfif": image(".jpg", 3), "fake/d.0001": image(".avif", 4),
    "real/empty.png": b"", "fake/x.psd": b"8BPS", "readme": b"hello", "real/code.ts": b"let a = 1",
    "real/a.npy": b"x", "real/b.npy": b"x", "fake/old.rar": b"Rar!",
    "real/@eaDir/a.jpg": image(".jpg"), "real/@eaDir/b.jpg": image(".jpg"), "__MACOSX/real/._a.tif": b"x",
    "real/.ipynb_checkpoints/a-checkpoint.png": image(".png"), "fake/._c.jfif": b"x", "fake/.DS_Store": b"x",
}  # fmt: skip
LAST = (
    "mine: 8 videos, 3 real, 3 fake, 0 unlabelled, 2 left out, 2 shards; "
    "5 files are not images or videos: 2 .npy, 1 .rar, 1 .ts, 1 without an ending; "
    "5 hidden or service files and folders skipped: 1 .DS_Store, 1 .ipynb_checkpoints, 1 @eaDir, 1 __MACOSX, "
    "1 that begin with ._"
)


def write_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


def index(source: Path, output: Path, **changes) -> list[dict[str, str]]:
    """Run scripts/index.py; return the rows of videos.csv."""
    args = ["--corpus", "mine", "--config", json.dumps(SECTION | changes), "--sources", source]
    assert run_program("index.py", *args, "--output", output) == 0
    return tables.read_rows(output / "videos.csv")


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_every_file_is_a_row_or_counted_on_the_last_line(tmp_path, capsys, write):
    (tmp_path / ".cache").mkdir()  # a corpus may itself lie in a hidden folder
    rows = {
        row["member"]: row for row in index(write(tmp_path / ".cache/corpus.zip", FILES), tmp_path / "out")
    }
    assert capsys.readouterr().out == f"{LAST}\n"
    kinds = {member: row["kind"] for member, row in rows.items() if not row["reason"]}
    images = ("real/a.tif", "real/b", "real/still.gif", "fake/c.jfif", "fake/d.0001")
    assert kinds == dict.fromkeys(images, "image") | {"fake/moving.gif": "video"}
    assert {member: row["reason"] for member, row in rows.items() if row["reason"]} == {
        "real/empty.png": "the file is empty",
        "fake/x.psd": "the format .psd is not read: convert it to .png or .mp4",
    }


def test_a_corpus_without_media_says_what_files_it_has(tmp_path, caplog):
    root = write_folder(
        tmp_path / "corpus", {"real/a.xyz": b"x", "fake/b.txt": b"x", "@eaDir/real/c.jpg": b"x"}
    )
    args = ["--corpus", "mine", "--config", json.dumps(SECTION), "--sources", root]
    assert run_program("index.py", *args, "--output", tmp_path / "out") == 1
    message = (
        "no real and fake video found (0 rows: 2 files are not images or videos: 1 .txt, 1 .xyz; 1 hidden"
    )
    assert message in caplog.messages[-1]


def test_label_files_are_not_counted_as_other_files(tmp_path, capsys):
    metadata = {"a.mp4": {"label": "REAL"}, "b.mp4": {"label": "FAKE"}}
    files = {"a.mp4": b"a", "b.mp4": b"b", "metadata.json": json.dumps(metadata).encode(), "other.json": b""}
    index(write_folder(tmp_path / "corpus", files), tmp_path / "out", layout="dfdc")
    assert capsys.readouterr().out.endswith("; 1 file is not an image or a video: 1 .json\n")


def test_files_that_cannot_be_read_say_why(tmp_path, capsys):
    root = write_folder(tmp_path / "corpus", {"real/a.png": image(".png"), "fake/b.png": image(".png", 1)})
    (root / "real/x.jpg").mkdir()
    (root / "real/gone.jpg").symlink_to("/nowhere/gone")
    (root / "real/gone").symlink_to("/nowhere/gone")
    os.mkfifo(root / "real/pipe")
    os.mkfifo(root / "real/pipe.mp4")
    (root / "real/empty.mp4").touch()
    rows = {row["member"]: row["reason"] for row in index(root, tmp_path / "out")}
    assert rows == {
        "real/a.png": "", "fake/b.png": "", "real/gone.jpg": "can't be read: a broken link to /nowhere/gone",
        "real/pipe.mp4": "can't be read: not a file", "real/empty.mp4": "the file is empty",
    }  # fmt: skip
    assert capsys.readouterr().out.endswith("; 2 other files can't be read\n")


def test_a_hidden_folder_that_cannot_be_read_stops_nothing(tmp_path, monkeypatch):
    root = write_folder(tmp_path / "corpus", {"real/a.png": image(".png"), "fake/b.png": image(".png", 1)})
    write_folder(root / "lost+found", {"x.png": b"x"})
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: 1 / 0 if "lost+found" in str(path) else listdir(path))
    assert len(index(root, tmp_path / "out")) == 2


TREE = "manipulated_sequences/Deepfakes/c23"
FRAMES = {
    **{f"original_sequences/youtube/c23/frames/000/frame_{n}.png": image(".png", 20 * n) for n in range(12)},
    **{f"{TREE}/frames/000_003/{n:03d}.png": image(".png", 20 * n + 5) for n in range(5)},
    **{f"{TREE}/masks/000_003/{n:03d}.png": image(".png") for n in range(5)},
    **{f"{TREE}/landmarks/000_003/{n:03d}.npy": b"x" for n in range(5)},
    f"{TREE}/frames/000_003/.hidden.png": b"x",
    f"{TREE}/frames/000_003/notes.txt": b"x",
}
SAMPLED = {
    "strategy": "uniform", "count": 3, "detector": "none", "size": 48, "format": "png",
}  # fmt: skip


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_folders_of_frames_from_the_index_to_the_faces(tmp_path, capsys, write):
    source = write(tmp_path / "corpus.zip", FRAMES)
    rows = index(source, tmp_path / "out", layout="faceforensics")
    line = "mine: 3 videos, 1 real, 1 fake, 0 unlabelled, 1 left out, 1 shards; "
    assert capsys.readouterr().out.startswith(f"{line}6 files are not images or videos: 5 .npy, 1 .txt")
    used = {row["member"]: (row["video"], row["kind"], row["shard"]) for row in rows if not row["reason"]}
    assert used == {
        "original_sequences/youtube/c23/frames/000/": ("youtube_c23_000", "sequence", "sequences_all"),
        f"{TREE}/frames/000_003/": ("Deepfakes_c23_000_003", "sequence", "sequences_all"),
    }
    frames = [("Deepfakes_c23_000_003", n) for n in (0, 2, 4)] + [("youtube_c23_000", n) for n in (0, 5, 11)]
    assert faces(tmp_path) == [(name, str(frame), "ok") for name, frame in frames]
    images = [data for _, data in read_tar(tmp_path / "faces.tar")]
    assert [int(cv2.imdecode(np.frombuffer(data, np.uint8), 0)[0, 0]) for data in images] == [
        5,
        45,
        85,
        0,
        100,
        220,
    ]


def test_frames_that_change_after_the_index_are_a_row_with_a_reason(tmp_path):
    root = write_folder(tmp_path / "corpus", FRAMES)
    index(root, tmp_path / "out", layout="faceforensics")
    (root / f"{TREE}/frames/000_003/004.png").unlink()
    for file in (root / "original_sequences/youtube/c23/frames/000").iterdir():
        file.unlink()
    rows = faces(tmp_path, reasons=True)
    assert len(rows) == 2 and all("as in the index" in reason for _, _, reason in rows)


def faces(folder: Path, reasons: bool = False) -> list[tuple]:
    """Run scripts/faces.py on the shard of sequences; return video, frame, and status or reason of rows."""
    args = ["--table", folder / "out/sequences_all.csv", "--sources", folder / "out/sources.json"]
    args += ["--config", json.dumps(SAMPLED), "--sampling", json.dumps(SAMPLED)]
    args += ["--output", folder / "faces.tar", "--output-table", folder / "faces.csv"]
    assert run_program("faces.py", *args) == 0
    rows = tables.read_rows(folder / "faces.csv")
    return [(row["video"], row["frame"], row["reason" if reasons else "status"]) for row in rows]
