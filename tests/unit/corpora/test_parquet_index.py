"""scripts/index.py and scripts/faces.py on Parquet files: our own export read back, and other people's."""

import json
import subprocess
import sys
from pathlib import Path

from made.exports import export, make_dataset
from made.media import LIMITS
from made.parquet_files import structs, write_parquet

from deepfake import tables
from deepfake.corpora.archives import Member
from deepfake.corpora.corpus_source import open_corpus
from deepfake.corpora.index import index_corpus
from deepfake.corpora.index_report import left_out
from deepfake.extraction.tars import StoredImages

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
COLUMNS = {"table": "rows.csv", "path": "member", "label": "label", "real": [0, "real"], "fake": [1, "fake"]}
COLUMNS |= {"attributes": []}
SECTION = {"seed": 42, "max_videos": None, "shard_size": 64, "layout": "csv", "limits": LIMITS}
SECTION |= {"frames": {"count": 10, "boost": 8}}


def program(name: str, *args: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True)


def run_index(folder: Path, files: list[Path], columns: dict) -> subprocess.CompletedProcess:
    cfg = ["--config", json.dumps(SECTION | {"columns": columns}), "--output", folder / "index"]
    return program("index", "--corpus", "mine", *cfg, "--sources", *files)


def test_an_exported_dataset_is_read_back(tmp_path):
    made = make_dataset(tmp_path / "dataset")
    assert export(tmp_path / "dataset", "parquet", tmp_path / "out").returncode == 0
    files = sorted((tmp_path / "out/data").glob("*.parquet"))
    done = run_index(tmp_path, files, COLUMNS | {"split": "split", "method": "method", "group": "group"})
    assert done.returncode == 0, done.stderr
    rows = [row for row in tables.read_rows(tmp_path / "index/videos.csv") if not row["reason"]]
    known = {row["file_name"]: row for row in made.to_dict("records")}
    assert len(rows) == len(known)
    for row in rows:
        original = known[row["member"]]
        assert [row[key] for key in ("label", "split", "method", "group")] == [
            str(original[key]) for key in ("label", "split", "method", "group")
        ]
    table = next(tmp_path.glob("index/images_*.csv"))
    cfg = json.dumps({"detector": "none", "size": 64, "format": "jpg", "quality": 95})
    args = ["--table", table, "--sources", tmp_path / "index/sources.json", "--config", cfg]
    done = program("faces", *args, "--output", tmp_path / "f.tar", "--output-table", tmp_path / "f.csv")
    assert done.returncode == 0, done.stderr
    faces = tables.read_rows(tmp_path / "f.csv")
    assert {row["status"] for row in faces} == {"ok"} and len(faces) == len(tables.read_rows(table))
    with StoredImages(tmp_path / "f.tar") as stored:
        stored.check_names(faces)


def test_numbers_of_classes_are_read_by_their_names(tmp_path):
    """In many sets on the Hub 0 is fake."""
    columns = {"image": structs([None] * 4), "label": [0, 1, 0, 1]}
    path = write_parquet(tmp_path / "x.parquet", columns, {"label": ["Fake", "Real"]})
    done = run_index(tmp_path, [path], COLUMNS)
    assert done.stdout == "mine: 4 videos, 2 real, 2 fake, 0 unlabelled, 1 shards\n", done.stderr
    rows = tables.read_rows(tmp_path / "index/videos.csv")
    assert {row["member"]: row["label"] for row in rows} == {
        f"row_{n:07d}": str(int(n % 2 == 0)) for n in range(4)
    }


def test_images_of_a_row_group_are_in_one_shard(tmp_path):
    """In Parquet an image can't be read without those before it."""
    paths = [
        write_parquet(
            tmp_path / f"{n}.parquet",
            {"image": structs([f"{n}_{i}.png" for i in range(8)]), "label": [0, 1] * 4},
            row_group_size=4,
        )
        for n in range(4)
    ]
    with open_corpus([str(path) for path in paths], LIMITS) as source:
        members = source.members()
        rows = index_corpus(members, source.read, SECTION | {"shard_size": 0.25, "columns": COLUMNS}, {})
    usable = [row for row in rows if not row["reason"]]
    blocks = {(m.archive, m.path): m.block for m in members}
    shards = {}
    for row in usable:
        shards.setdefault(blocks[row["archive"], row["member"]], set()).add(row["shard"])
    assert len({row["shard"] for row in usable}) > 1 and all(len(found) == 1 for found in shards.values())


def test_a_parquet_file_in_a_folder_is_told_of():
    assert left_out([], [Member("", "data/x.parquet", 9, 0)]) == [
        "1 left out, a Parquet file inside the corpus; if it holds images, list it under `archives`: "
        "data/x.parquet"
    ]
