"""The section verdicts of docs/results.md: rates, people kept apart, the pixelated page, the template."""

import base64
import csv
import json
import re

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import judged_media, page
from results.false_alarms import alarms, per_hour, share, threshold_at, windows
from results.numbers_file import NumbersFile
from results.page_picture import BLOCKS, only_files, pixelate
from results.people_apart import _strayed, square
from results.verdict_alarms import of_photos, total
from results.verdict_picture import draw

METADATA = {"threshold": 0.6, "video_threshold": 0.6, "people_thresholds": [0.6, 0.8]}


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.9]), min_size=1, max_size=300), st.floats(0, 0.2))
def test_the_threshold_is_the_lowest_with_so_few_false_alarms(scores, rate):
    scores = np.array(scores)
    threshold = threshold_at(scores, rate)
    assert (scores >= threshold).mean() <= rate + 1e-9
    lower = scores[scores < threshold].max()  # the next score that could be a threshold
    assert (scores >= lower).mean() > rate


def test_intervals_are_those_of_the_textbook():
    assert share(5, 100)["interval"] == pytest.approx([0.0215, 0.1118], abs=1e-4)  # Wilson 1927
    assert share(0, 10)["interval"] == pytest.approx([0, 0.2775], abs=1e-4)
    assert share(0, 0)["share"] is None
    assert per_hour(10, 0.5)["interval"] == pytest.approx([9.591, 36.781], abs=2e-3)  # 4.795 to 18.390
    assert per_hour(0, 1)["interval"] == pytest.approx([0, 3.689], abs=1e-3)


def test_neighbouring_windows_are_one_alarm():
    looks = [{"time": t, "probability": 0.9 if t < 10 or t >= 15 else 0.1} for t in range(21)]
    scores = windows(looks, 5, 3)
    assert scores == {
        0: pytest.approx(0.9),
        1: pytest.approx(0.9),
        2: pytest.approx(0.1),
        3: pytest.approx(0.9),
    }
    assert alarms(scores, 0.5) == 2 and alarms(scores, 0.05) == 1 and alarms(scores, 0.95) == 0


def verdict(name: str, *people: tuple[float, int, int], threshold: float = 0.6) -> dict:
    """A file of verdicts.json; of each of `people` the score, the number of faces and the side of a box."""
    seen = [
        {
            "number": n,
            "score": score,
            "verdict": "fake" if score >= threshold else "real",
            "sure": True,
            "looks": [
                {"frame": 25 * i, "time": float(i), "box": [0, 0, side, side], "probability": score}
                for i in range(faces)
            ],
        }
        for n, (score, faces, side) in enumerate(people, 1)
    ]
    top = max(seen, key=lambda one: one["score"], default={"score": None, "verdict": "none", "sure": None})
    frames = max((faces for _, faces, _ in people), default=0)
    return {
        **{
            "name": name,
            "kind": "video",
            "threshold": threshold if people else None,
            "candidates": len(people),
        },
        **{key: top[key] for key in ("score", "verdict", "sure")},
        **{"frames": 6, "judged": frames, "people": seen},
        "left_out": [] if people else [{"frame": None, "reason": "no face"}],
    }


@pytest.fixture
def files(tmp_path) -> list[judged_media.Judged]:
    names = {
        "real/1.mp4": "",
        "real/2.mp4": "",
        "Swap/1.mp4": "Swap",
        "Swap/2.mp4": "Swap",
        "Swap/3.mp4": "Swap",
    }
    with open(tmp_path / "videos.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["member", "label", "method", "group"])
        writer.writerows([name, int(bool(method)), method, name[-5]] for name, method in names.items())
    people = [[(0.1, 6, 50)], [(0.7, 6, 50)], [(0.9, 6, 50)], [(0.7, 6, 20), (0.2, 6, 50)], []]
    found = [verdict(f"resources/real/x/{name}", *those) for name, those in zip(names, people, strict=True)]
    (tmp_path / "verdicts.json").write_text(json.dumps(found))
    return judged_media.read_judged(tmp_path / "verdicts.json", tmp_path / "videos.csv")


def test_verdicts_are_counted_by_what_is_true(files):
    assert [(file.label, file.method) for file in files] == [(0, ""), (0, ""), *[(1, "Swap")] * 3]
    numbers = judged_media.summary(files, {"": "fake", "Swap": "a swap"})
    assert (numbers["files"], numbers["judged"], numbers["reals"], numbers["fakes"]) == (5, 4, 2, 2)
    assert numbers["reals_right"]["found"] == 1 and numbers["fakes_right"]["found"] == 2
    assert numbers["auc"] == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert [(row["method"], row["called_fake"]) for row in numbers["rows"]] == [("", 1), ("a swap", 2)]
    assert judged_media.left_out(files) == [{"reason": "no face", "frames": 0, "files": 1}]


def test_who_decides_is_who_detection_says(files):
    two = files[3]
    assert judged_media.by_rule(two, METADATA, "worst") == ("real", 0.7)  # of two people from 0.8
    assert judged_media.by_rule(two, METADATA, "largest") == ("real", 0.2)
    assert judged_media.by_rule(files[1], METADATA, "worst") == ("fake", 0.7)
    assert judged_media.by_rule(files[4], METADATA, "worst")[0] == "none"


def test_a_face_nearer_to_somebody_else_has_strayed():
    one = np.array([[1.0, 0], [1, 0.1], [0, 1]])
    assert _strayed(one, [np.array([0.0, 1])]) == 1 and _strayed(one, []) == 0
    image = np.arange(100 * 100 * 3, dtype=np.uint8).reshape(100, 100, 3)
    assert square(image, [40, 40, 20, 20]).shape == (30, 30, 3)
    assert square(image, [-5, 90, 20, 20]).shape[0] < 30  # only what lies in the image


def test_nothing_of_a_face_is_left_in_the_page():
    noise = np.random.default_rng(0).integers(0, 255, (70, 70, 3), np.uint8)
    uris = [
        f"data:image/{name};base64,{base64.b64encode(cv2.imencode(ending, noise)[1].tobytes()).decode()}"
        for name, ending in (("jpeg", ".jpg"), ("png", ".png"))
    ]
    plot = "data:image/svg+xml;base64,PHN2Zy8+"
    html = "<style></style>" + "".join(f'<img src="{uri}">' for uri in (*uris, plot))
    coarse = pixelate(html)
    assert plot in coarse and not any(uri in coarse for uri in uris)
    for found in re.findall(r"image/png;base64,([^\"]+)", coarse):
        image = cv2.imdecode(np.frombuffer(base64.b64decode(found), np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (70, 70, 3)
        assert len(np.unique(image.reshape(-1, 3), axis=0)) <= BLOCKS**2
    for uri in ("data:image/png;base64,AAAA", "data:image/webp;base64,AAAA"):
        with pytest.raises(ValueError, match="can't be pixelated"):
            pixelate(f'<img src="{uri}">')
    assert 'h3[id="file3"]' in only_files(html, [1, 3])


def test_the_section_is_written_from_its_numbers(files, tmp_path):
    thresholds = {"rate": 0.01, "own": 0.6, "strict": 0.8}
    thresholds["val"] = {f"{k}_{t}": share(1, 9) for k in ("reals", "fakes") for t in ("own", "strict")}
    clips = {"title": "X", "clips": 2, "seconds": 60.0, "windows": 4}
    for key in ("own", "strict"):
        clips |= {f"windows_{key}": 1, f"alarms_{key}": per_hour(1, 1 / 60)}
        clips |= {f"clips_{key}": share(1, 2), f"fakes_{key}": share(1, 2)}
    numbers = {
        **{"model": "all", "media": [{"title": "X", **judged_media.summary(files, {})}]},
        **{"left_out": judged_media.left_out(files), "thresholds": thresholds | {"test": None}},
        **{"photos": of_photos(files, thresholds), "clips": [clips], "all_clips": total([clips, clips])},
        **{"window": {"seconds": 5.0, "least": 3}, "has_page": True, "blocks": BLOCKS, "same": 0.3},
        **{"absent": ["Y was not judged."], "people": {"clips": 4, "several": 0, "several_decide": 0}},
    }
    differing = {"clip": "Swap/2", "worst": "fake", "largest": "real", "faces": [6, 2], "scores": [0.2, 0.7]}
    numbers["people"] |= {"differ": 1, "differing": [differing], "right": {"worst": 3, "largest": 2}}
    NumbersFile("verdicts", tmp_path).write(numbers)
    text = page.render(tmp_path, "results")
    assert (
        "| X | 4 of 5 |" in text
        and "Absent: Y was not judged." in text
        and "results/verdicts_page.jpg" in text
    )
    assert "{{" not in text and "None" not in text
    assert numbers["all_clips"]["alarms_strict"]["events"] == 2
    draw([("X", files)], {}, 0.8, tmp_path / "scores.png")
    assert (tmp_path / "scores.png").stat().st_size > 1000
