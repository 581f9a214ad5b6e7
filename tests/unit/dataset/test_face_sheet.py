"""The sheet of a corpus's faces: which frames it shows, what is drawn on them, and sheet.py."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.programs import run_program

from deepfake import tables
from deepfake.dataset.face_sheet import (
    COLUMNS,
    CROPPED,
    FRAME,
    GAP,
    HEAD,
    POINT,
    TILE,
    TITLE,
    WIDTH,
    WITHOUT,
    caption,
    choose_examples,
    draw_face_sheet,
)
from deepfake.extraction import images
from deepfake.extraction.alignment import TEMPLATE
from deepfake.extraction.landmarks import points_text
from deepfake.extraction.tars import write_shard

CFG = {"detector": "yunet", "align": "five_points", "border": "black"}
CFG |= {"margin": 1.3, "size": 224, "format": "jpg", "quality": 95}
POINTS = np.array(TEMPLATE) * 2 + (300, 150)  # an upright face in a frame of 800x600, 224 pixels a side


def row(video: str, status: str = tables.OK, **known: object) -> dict[str, str]:
    found = {"video": video, "frame": "7", "status": status, "crop_side": "291.20", "score": "0.9000"}
    found |= {"x": "320", "y": "200", "width": "180", "height": "190", "found_by": "yunet"}
    found |= {"landmarks": points_text(tuple(map(tuple, POINTS))), "landmarker": "yunet"}
    return {**dict.fromkeys(tables.FACES, ""), "label": "1", "method": "", **found, **known}


def noise(width: int = 800, height: int = 600) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 60, (height, width, 3), np.uint8)
    return images.encode(pixels, "png", 0)


def tile(sheet: bytes, number: int) -> np.ndarray:
    """The frame (0), the square (1) or the aligned crop (2) of a sheet's first example."""
    x = [GAP, GAP + FRAME[0] + GAP // 2, GAP + FRAME[0] + GAP + TILE][number]
    return images.decode(sheet)[TITLE + HEAD :][:TILE, x : x + (FRAME[0] if number == 0 else TILE)]


def dots(pixels: np.ndarray) -> np.ndarray:
    """The centres of the drawn landmarks, from left to right."""
    near = np.abs(pixels.astype(int) - POINT).max(axis=2) < 60
    _, _, _, centres = cv2.connectedComponentsWithStats(near.astype(np.uint8))
    return centres[1:][np.argsort(centres[1:, 0])]


statuses = st.sampled_from([tables.OK, tables.OK, tables.NO_FACE, tables.UNREADABLE])
videos = st.lists(st.tuples(st.sampled_from("01"), st.sampled_from("abc"), st.lists(statuses, max_size=5)))


@given(videos)
def test_labels_methods_and_statuses_take_turns_and_no_video_comes_twice(given):
    index = [{"video": f"v{n}", "label": v[0], "method": v[1]} for n, v in enumerate(given)]
    faces = [row(f"v{n}", status, frame=str(f)) for n, v in enumerate(given) for f, status in enumerate(v[2])]
    cropped, without = choose_examples(index, faces)
    assert len({r["video"] for r in cropped}) == len(cropped)
    possible = {r["video"] for r in faces if r["status"] == tables.OK}
    assert len(cropped) == min(CROPPED, len(possible))
    groups = {(r["label"], r["method"]) for r in index if r["video"] in possible}
    assert groups == {(r["label"], r["method"]) for r in cropped}  # 6 at most
    lost = {r["status"] for r in faces} - {tables.OK}
    assert {r["status"] for r in without} == lost and len(without) <= WITHOUT


def test_landmarks_are_drawn_where_they_are_in_each_crop():
    sheet = draw_face_sheet("drawn", [(row("a"), noise())], [], CFG)
    left_to_right = POINTS[np.argsort(POINTS[:, 0])]
    frame, square, aligned = (dots(tile(sheet, number)) for number in range(3))
    scale = FRAME[1] / 600
    assert np.allclose(frame, left_to_right * scale + ((FRAME[0] - 800 * scale) / 2, 0), atol=1.5)
    side = int(190 * 1.3)
    corner = ((2 * 320 + 180) // 2 - side // 2, (2 * 200 + 190) // 2 - side // 2)
    assert np.allclose(square, (left_to_right - corner) * TILE / side, atol=1.5)
    in_template = (left_to_right - (300, 150)) / 2
    assert np.allclose(aligned, (in_template + 112 * 0.15) * TILE / (112 * 1.3), atol=1.5)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_all_examples_are_on_the_sheet(number):
    sheet = images.decode(draw_face_sheet("drawn", [(row("a"), noise())] * number, [], CFG))
    assert sheet.shape[1] == COLUMNS * (WIDTH + 2 * GAP)
    assert len(dots(sheet)) == number * 3 * len(POINTS)


def test_a_frame_without_a_crop_has_its_reason_and_one_without_an_image_a_place():
    lost = row("a", tables.NO_FACE, reason="no face found by yunet", width="", score="", landmarks="")
    assert caption(lost) == ("fake · a, frame 7", "no_face: no face found by yunet")
    gone = row("b", tables.UNREADABLE, frame="", width="", score="", landmarks="", reason="empty")
    assert caption(gone) == ("fake · b", "unreadable: empty")
    sheet = draw_face_sheet("drawn", [], [(lost, noise()), (gone, b"")], CFG)
    assert tile(sheet, 0).mean() < 60 and tile(sheet, 1).mean() > 200


def test_a_caption_says_how_the_crop_was_made():
    made = row("a", method="swap", crop_angle="-4.50", filled="0.0040")
    expected = (
        "ok · found by yunet, score 0.9000 · 291 pixels a side · turned by -4.5° · under 1% outside the frame"
    )
    assert caption(made) == ("fake · swap · a, frame 7", expected)


def test_images_that_are_crops_already_and_faces_at_the_edge_are_drawn():
    crop = row("a", found_by="", score="", landmarks="", landmarker="")
    cfg = {"detector": "none", "align": "none", "size": 64, "format": "jpg", "quality": 95}
    assert tile(draw_face_sheet("stills", [(crop, noise(64, 64))], [], cfg), 1).mean() < 60
    far = row("a", landmarks=points_text(tuple(map(tuple, POINTS + 9000))))
    assert tile(draw_face_sheet("far", [(far, noise())], [], CFG), 2).mean() > 200  # the reason


def test_the_program_draws_stored_frames_and_gives_the_same_bytes_again(tmp_path: Path):
    frames = [
        {
            "image": f"v/{n:06d}.png",
            "video": "v",
            "frame": n,
            "status": tables.OK,
            **images.image_columns(data),
        }
        for n, data in enumerate([noise(), noise(400, 300)])
    ]
    write_shard(
        tmp_path / "all.tar",
        tmp_path / "all.csv",
        tables.FRAMES,
        zip(frames, [noise(), noise(400, 300)], strict=True),
    )
    index = [{"video": "v", "kind": "video", "label": "1", "method": "swap"}]
    tables.write_rows(tmp_path / "videos.csv", tables.INDEX, index)
    found = row("v", frame="0")
    faces = [{key: found[key] for key in tables.FACES}, {"video": "v", "frame": 1, "status": tables.NO_FACE}]
    tables.write_rows(tmp_path / "faces.csv", tables.FACES, faces)
    arguments = ["--title", "made", "--videos", tmp_path / "videos.csv", "--faces", tmp_path / "faces.csv"]
    arguments += ["--frames", tmp_path / "all.tar", "--frame-tables", tmp_path / "all.csv"]
    arguments += ["--config", json.dumps(CFG)]
    assert run_program("sheet.py", *arguments, "--output", tmp_path / "sheet.jpg") == 0
    sheet = (tmp_path / "sheet.jpg").read_bytes()
    assert len(dots(tile(sheet, 2))) == 5
    assert run_program("sheet.py", *arguments, "--output", tmp_path / "again.jpg") == 0
    assert (tmp_path / "again.jpg").read_bytes() == sheet
