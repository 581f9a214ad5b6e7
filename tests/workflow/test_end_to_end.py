"""From archives and folders to datasets, by the commands that a user types."""

import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections import Counter, defaultdict

import cv2
import numpy as np
import pytest

from deepfake import tables
from deepfake.demo import corpus as demo

TINY = {"people": 6, "clips": 14, "seconds": 0.4, "width": 320}
DEMO = f"""
corpora:
  demo: {{demo: {TINY}}}
  demo_ffpp: {{demo: {TINY}}}
"""


def check_dataset(folder) -> list[dict[str, str]]:
    """Check what holds for every dataset, by its files alone; return the rows of metadata.csv."""
    program = ["sha256sum"] if shutil.which("sha256sum") else ["shasum", "-a", "256"]  # macOS
    checked = subprocess.run([*program, "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    rows = tables.read_rows(folder / "metadata.csv")
    images = {
        p.relative_to(folder).as_posix()
        for split in folder.iterdir()
        if split.is_dir()
        for p in split.rglob("*.*")
    }
    assert {row["file_name"] for row in rows} == images
    assert list(rows[0])[0] == "file_name"
    splits_of = defaultdict(set)
    for row in rows:
        split, label, _ = row["file_name"].split("/")
        assert label == ("real", "fake")[int(row["label"])]
        splits_of[row["corpus"], row["group"]].add(split)
        assert hashlib.sha256((folder / row["file_name"]).read_bytes()).hexdigest() == row["sha256"]
    assert all(len(splits) == 1 for splits in splits_of.values()), "a group is in two splits"
    sheet = cv2.imread(str(folder / "contact_sheet.png"))
    assert sheet is not None and sheet.std() > 10
    return rows


def counts(rows) -> Counter:
    return Counter(tuple(row["file_name"].split("/")[:2]) for row in rows)


def test_the_demo_becomes_a_dataset_whatever_the_cores_and_shards(project):
    checksums = []
    for settings in ("shard_size: 3", "shard_size: 64"):  # jobs of one core, and of all cores
        settings += "\nframes: {count: 4}\nfaces: {upsample: 0}"
        done = project.run("results/dataset_2gb", "--configfile", project.configure(DEMO + settings))
        rows = check_dataset(project / "results/dataset_2gb")
        checksums.append((project / "results/dataset_2gb/SHA256SUMS").read_text())
    per_class = counts(rows)
    for split in ("train", "val"):
        assert per_class[split, "real"] == per_class[split, "fake"] > 0
    assert checksums[0] == checksums[1]
    assert done.text.count("threads: 2\n") >= 2, "frames and faces were made by one process each"
    again = project.run("results/dataset_2gb", "--configfile", "mine.yaml", "--cores", "3", "-n")
    assert not again.jobs, "other cores make something stale"
    plan = tables.read_rows(project / "results/plans/dataset_2gb.csv")
    assert len({row["video"] for row in plan}) == TINY["clips"]
    assert all(bool(row["file_name"]) != bool(row["reason"]) for row in plan)
    assert not (project / "results/index/demo_ffpp").exists(), "a corpus that was not requested was touched"


def test_a_dataset_of_two_corpora_with_all_images_and_a_cap(project):
    settings = (
        "datasets: {both: {corpora: [demo, demo_ffpp], balance: none, size_mb: 0.6}}\nframes: {count: 4}"
    )
    done = project.run("results/both", "--configfile", project.configure(DEMO + settings))
    rows = check_dataset(project / "results/both")
    size = sum((project / "results/both" / row["file_name"]).stat().st_size for row in rows)
    assert 0.9 * 600_000 < size <= 600_000
    videos = {
        (r["corpus"], r["video"]) for r in tables.read_rows(project / "results/plans/both.csv") if r["image"]
    }
    assert {(row["corpus"], row["video"]) for row in rows} == videos, (
        "a video has no image, and another has two"
    )
    assert "demo: 14 videos" in done.text
    assert "demo_ffpp, size: " in done.text, "what the cap left out is not reported"


def test_whole_frames_and_a_corpus_with_its_own_settings(project):
    settings = """
corpora:
  demo: {demo: {people: 4, clips: 8, seconds: 0.4, width: 320}, frames: {strategy: fractions, format: png}}
datasets: {whole: {corpora: [demo], images: frames, splits: {train: 0.5, val: 0.5}, duplicates: null}}
keep_frames: false
"""
    project.run("results/whole", "--configfile", project.configure(settings))
    rows = check_dataset(project / "results/whole")
    assert {row["frame"] for row in rows} == {"3", "5", "6"}  # 1/3, 1/2 and 2/3 of 10 frames
    assert cv2.imread(str(project / "results/whole" / rows[0]["file_name"])).shape[1] == 320
    assert not list(project.folder.glob("results/frames/demo/*.tar")), "keep_frames: false keeps frames"
    assert not (project / "results/faces").exists()


def test_images_keep_their_bytes(project):
    rng = np.random.default_rng(1)
    for label in ("real", "fake"):
        for number in range(6):
            path = project / "stills" / label / f"사람 {number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = cv2.resize(rng.integers(0, 255, (8, 8, 3), np.uint8), (64, 64))
            path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    settings = """
corpora: {stills: {layout: imagefolder, folder: stills}}
datasets: {pictures: {corpora: [stills], images: frames, splits: {train: 0.5, val: 0.5}}}
"""
    done = project.run("results/pictures", "--configfile", project.configure(settings))
    assert done.rules == {"index", "frames", "plan", "dataset"}, "images were unpacked"
    rows = check_dataset(project / "results/pictures")
    originals = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (project / "stills").rglob("*.png")}
    assert {row["sha256"] for row in rows} == originals


def test_tars_of_face_crops_in_a_zip_become_a_dataset_without_frames(project):
    """As in WildDeepfake. Reals are fewer and give twice as many images. Crops keep their bytes."""
    rng = np.random.default_rng(1)
    originals = set()
    with zipfile.ZipFile(project / "wild.zip", "w") as archive:
        for number in range(12):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w:gz") as tar:
                for still in range(20):
                    noise = cv2.resize(rng.integers(0, 256, (8, 8, 3), np.uint8), (64, 64))
                    data = cv2.imencode(".png", noise)[1].tobytes()
                    originals.add(hashlib.sha256(data).hexdigest())
                    member = tarfile.TarInfo(f"{number}/{still}.png")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
            data = out.getvalue() if number else b"no tar"
            archive.writestr(
                f"deepfake_in_the_wild/{'fake' if number % 3 else 'real'}_train/{number}.tar.gz", data
            )
    settings = """
corpora: {wild: {layout: wilddeepfake, archives: [wild.zip], frames: {count: 3}}}
faces: {detector: none, size: 64}
keep_frames: false
datasets: {crops: {corpora: [wild], splits: {train: 0.5, val: 0.5}}}
"""
    done = project.run("results/crops", "--configfile", project.configure(settings))
    assert done.rules == {"index", "faces", "plan", "dataset"}
    rows = check_dataset(project / "results/crops")
    assert {row["sha256"] for row in rows} <= originals
    index = tables.read_rows(project / "results/index/wild/videos.csv")
    assert {(row["label"], row["frames_wanted"]) for row in index} == {("0", "6"), ("1", "3")}
    plan = tables.read_rows(project / "results/plans/crops.csv")
    taken = Counter(row["label"] for row in plan if row["image"])
    assert taken == {"0": 18, "1": 24}
    assert [row["reason"] for row in plan if not row["image"]] == ["not a whole tar: truncated header"]


def test_the_real_faceforensics_tree(project, data):
    settings = f"""
corpora: {{ffpp: {{layout: faceforensics, folder: {data}/ffpp}}}}
datasets: {{small: {{corpora: [ffpp]}}}}
frames: {{count: 4}}
faces: {{search: track}}
"""
    done = project.run("results/small", "--configfile", project.configure(settings))
    assert "ffpp: 7 videos, 3 real, 4 fake, 0 unlabelled, 1 shards" in done.text
    rows = check_dataset(project / "results/small")
    assert {row["method"] for row in rows} == {"", "Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"}
    assert len(rows) == 32  # 4 of each of 4 fakes, and as many reals


def test_real_videos_in_a_zip_like_kaggles(project, data):
    clips = sorted((data / "ffpp").rglob("*.mp4"))
    labels, folder = {}, "train_sample_videos/"
    with zipfile.ZipFile(project / "deepfake-detection-challenge.zip", "w") as archive:
        for number, clip in enumerate(clips):
            name = f"{chr(97 + number) * 10}.mp4"
            real = "original_sequences" in str(clip)
            labels[name] = {"label": "REAL" if real else "FAKE", "split": "train", "original": None}
            labels[name]["source"] = clip.stem
            archive.write(clip, folder + name)
        target = {entry["source"]: name for name, entry in labels.items() if entry["label"] == "REAL"}
        for entry in labels.values():
            if entry["label"] == "FAKE":
                entry["original"] = target.get(entry["source"].split("_")[0], "elsewhere.mp4")
        import json

        archive.writestr(folder + "metadata.json", json.dumps(labels))
        archive.writestr("sample_submission.csv", "filename,label\n")
    settings = """
corpora: {dfdc: {layout: dfdc, archives: [deepfake-detection-challenge.zip]}}
datasets: {dfdc_small: {corpora: [dfdc]}}
frames: {count: 3}
"""
    done = project.run("results/dfdc_small", "--configfile", project.configure(settings))
    assert "dfdc: 7 videos, 3 real, 4 fake" in done.text
    assert len(check_dataset(project / "results/dfdc_small")) == 24  # 3 of each of 4 fakes, and as many reals


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("frames: {count: many}", ["frames.count", "'many'", "whole number"]),
        ("frames: {cuont: 3}", ["frames", "'cuont'", "count"]),
        ("corpora: {mine: {layout: dfdc}}", ["corpora.mine", "archives"]),
        ("datasets: {d: {corpora: [mine]}}", ["datasets.d.corpora", "mine"]),
    ],
)
def test_a_bad_config_is_named(project, settings, words):
    done = project.run("-n", "--configfile", project.configure(settings), check=False)
    assert done.code != 0
    for word in words:
        assert word in done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize("labels", ["missing", "one class"])
def test_a_corpus_without_two_classes_is_an_error(project, labels):
    demo.make_corpus(project / "whole.zip", "dfdc", TINY | {"clips": 4, "people": 4}, 1)
    with zipfile.ZipFile(project / "whole.zip") as whole, zipfile.ZipFile(project / "part.zip", "w") as part:
        for name in whole.namelist():
            if name.endswith(".mp4"):
                part.writestr(name, whole.read(name))
            elif labels == "one class":
                part.writestr(name, whole.read(name).replace(b"REAL", b"FAKE"))
    settings = "corpora: {c: {layout: dfdc, archives: [part.zip]}}\ndatasets: {d: {corpora: [c]}}"
    done = project.run("results/d", "--configfile", project.configure(settings), check=False)
    log = (project / "logs/index/c.log").read_text()
    assert done.code != 0
    assert "corpora.c: no real" in log
    assert ("no label" in log) == (labels == "missing")
