"""The embeddings of a shard: rows and vectors that fit together, whatever the number of processes."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from conftest import picture
from made import media
from made.programs import run_program
from onnx import TensorProto, helper, numpy_helper

from deepfake import tables
from deepfake.extraction import images
from deepfake.extraction.tars import write_shard
from deepfake.people.embedder import load_embedder
from deepfake.people.face_in_crop import face_finder

SIZE = 224  # pixels


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """A crop of a drawn face, uint8 BGR."""
    frame = np.ascontiguousarray(media.person(3, 1)[0][..., ::-1])
    found = face_finder()(frame)
    middle, half = (found.x + found.width / 2, found.y + found.height / 2), 0.65 * found.width
    x, y = (int(value - half) for value in middle)
    return cv2.resize(frame[y : y + int(2 * half), x : x + int(2 * half)], (SIZE, SIZE))


def face_row(
    pixels: np.ndarray, video: str, frame: int, status: str = "ok", reason: str = ""
) -> tuple[dict, bytes]:
    """A row of tables.FACES and its crop."""
    row = {"video": video, "frame": frame, "status": status, "reason": reason, "faces": 1}
    if status != "ok":
        return row, b""
    data = images.encode(pixels, "png", 0)
    columns = {
        "image": f"{video}/{frame:06d}.png",
        "sharpness": 10,
        "filled": 0,
        **images.image_columns(data),
    }
    return row | columns, data


@pytest.fixture
def shard(tmp_path, face) -> Path:
    """Faces of four videos: one has a crop without a face, and one no crop at all."""
    rows = [face_row(np.roll(face, n, axis=1), "a", n) for n in range(7)]
    rows += [
        face_row(face if n else picture(0, SIZE, SIZE), "b", n, *(("no_face", "none") if n == 1 else ()))
        for n in range(3)
    ]
    rows += [face_row(face, "c", 0, "unreadable", "cut off"), face_row(face, "c", 1, "missing", "")]
    rows += [face_row(np.roll(face, -n, axis=0), "d", 2 * n) for n in range(20)]
    write_shard(tmp_path / "faces.tar", tmp_path / "faces.csv", tables.FACES, rows)
    return tmp_path


def embed(folder: Path, name: str = "people", workers: int = 1, crops: int = 4, **cfg: object) -> int:
    return run_program(
        "embeddings.py",
        *("--faces", folder / "faces.tar", "--face-table", folder / "faces.csv"),
        *("--config", json.dumps({"crops": crops} | cfg), "--workers", workers),
        *("--output", folder / f"{name}.npy", "--output-table", folder / f"{name}.csv"),
    )


def test_each_video_is_accounted_for_and_each_vector_has_its_row(shard, face):
    assert embed(shard) == 0
    rows, vectors = tables.read_rows(shard / "people.csv"), np.load(shard / "people.npy")
    assert list(rows[0]) == tables.EMBEDDINGS
    assert [(row["video"], row["frame"], row["status"]) for row in rows] == [
        *(("a", frame, "ok") for frame in "0135"),
        ("b", "0", "no_face"), ("b", "2", "ok"),
        ("c", "", "unreadable"),
        *(("d", frame, "ok") for frame in ("0", "10", "20", "30")),
    ]  # fmt: skip
    assert [row["row"] for row in rows if row["status"] == "ok"] == [str(n) for n in range(len(vectors))]
    assert {row["row"] for row in rows if row["status"] != "ok"} == {""}
    assert [row["reason"] for row in rows if row["row"] == ""] == [
        "no face is seen well enough in the crop",
        "cut off",
    ]
    assert vectors.dtype == np.float32 and vectors.shape == (9, 128)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    known = load_embedder({})(face)
    of_b = next(row for row in rows if row["video"] == "b" and row["row"])
    assert (
        np.array_equal(vectors[int(of_b["row"])], known.vector) and of_b["quality"] == f"{known.quality:.4f}"
    )


def test_the_number_of_processes_changes_no_byte(shard):
    assert embed(shard, crops=20) == embed(shard, "again", workers=3, crops=20) == 0
    for ending in ("csv", "npy"):
        assert (shard / f"people.{ending}").read_bytes() == (shard / f"again.{ending}").read_bytes()


def test_a_shard_without_any_crop_has_an_empty_array(tmp_path, face):
    rows = [face_row(face, "a", 0, "no_face", "none"), face_row(face, "b", 0, "unreadable", "cut off")]
    write_shard(tmp_path / "faces.tar", tmp_path / "faces.csv", tables.FACES, rows)
    assert embed(tmp_path) == 0
    assert len(np.load(tmp_path / "people.npy")) == 0
    assert [row["status"] for row in tables.read_rows(tmp_path / "people.csv")] == ["no_face", "unreadable"]


def test_what_a_user_can_put_right_is_one_line_of_the_log(shard, caplog):
    assert embed(shard, model="gone.onnx", input={"side": 32, "template": "arcface"}) == 1
    assert "people.model: gone.onnx doesn't exist" in caplog.text
    whole = (shard / "faces.tar").read_bytes()
    (shard / "faces.tar").write_bytes(whole[: len(whole) // 2])
    assert embed(shard) == 1
    assert "doesn't fit the table beside it" in caplog.text
    assert not (shard / "people.npy").exists()


def test_a_network_that_takes_too_much_memory_ends_its_own_process_alone(shard, caplog):
    """24 GB of zeros, from a file of 300 bytes."""
    size = numpy_helper.from_array(np.array([2, 3_000_000_000], np.int64), "size")
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"]),
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Add", ["flat", "sum"], ["vector"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 32, 32])
    vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph(nodes, "huge", [image], [vector], [size]), ir_version=8)
    model.opset_import[0].version = 17
    onnx.save(model, shard / "huge.onnx")
    input = {"side": 32, "template": "arcface"}
    assert embed(shard, model=str(shard / "huge.onnx"), input=input) == 1
    assert "people.model" in caplog.text and not (shard / "people.npy").exists()
