"""Which crops of a video are embedded: few, spread over it, and those that show the face best."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.extraction.landmarks import points_text
from deepfake.people.selection import choose_crops, frontality

FRONTAL = [(80, 50), (65, 50), (30, 50), (45, 50), (55, 80)]  # dlib_5
TURNED = [*FRONTAL[:4], (75, 80)]


def crop(frame: int, **columns: object) -> dict[str, str]:
    row = {
        "status": "ok",
        "frame": frame,
        "sharpness": 100,
        "faces": 1,
        "filled": 0,
        "landmarks": "",
        "landmarker": "",
    }
    return {key: str(value) for key, value in (row | columns).items()}


def frames_of(rows: list[dict[str, str]]) -> list[int]:
    return [int(row["frame"]) for row in rows]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 500), st.integers(1, 3)), max_size=30),
    st.integers(1, 8),
    st.randoms(),
)
def test_the_crops_are_usable_ordered_and_spread_whatever_the_order_of_the_rows(made, count, random):
    rows = [
        crop(n, status="ok" if usable else "no_face", sharpness=sharp, faces=faces)
        for n, (usable, sharp, faces) in enumerate(made)
    ]
    usable = [n for n, (is_usable, *_) in enumerate(made) if is_usable]
    shuffled = random.sample(rows, len(rows))
    chosen = frames_of(choose_crops(shuffled, count))
    assert chosen == sorted(set(chosen)) and set(chosen) <= set(usable)
    assert len(chosen) == min(count, len(usable))
    parts = np.array_split(usable, count) if len(usable) >= count else []
    bounds = [len(usable) * n // count for n in range(count + 1)]
    assert all(chosen[n] in usable[bounds[n] : bounds[n + 1]] for n in range(len(parts)))


def test_of_each_part_the_best_crop_is_taken():
    worse = [
        {"sharpness": 5},
        {"faces": 2},
        {"filled": 0.4},
        {"landmarker": "dlib_5", "landmarks": points_text(TURNED)},
    ]
    for columns in worse:
        rows = [crop(0, **columns), crop(1), crop(2), crop(3, **columns)]
        assert frames_of(choose_crops(rows, 2)) == [1, 2]


def test_a_video_that_is_blurred_or_turned_throughout_still_gives_crops():
    for columns in ({"sharpness": 0}, {"landmarker": "dlib_5", "landmarks": points_text([(0, 0)] * 5)}):
        assert frames_of(choose_crops([crop(n, **columns) for n in range(6)], 2)) == [0, 3]


def test_a_turned_head_is_less_frontal_in_every_convention():
    eyes = [(30, 50), (80, 50)]
    many = [(0, 0)] * 68
    for first, last, x in ((36, 42, 30), (42, 48, 80)):
        many[first:last] = [(x, 50)] * (last - first)
    for landmarker, points in (
        ("yunet", [*eyes, (55, 70), (40, 90), (70, 90)]),
        ("dlib_5", FRONTAL),
        ("dlib_68", [*many[:30], (55, 70), *many[31:]]),
    ):
        nose = {"yunet": 2, "dlib_5": 4, "dlib_68": 30}[landmarker]
        values = []
        for x in (55, 65, 75, 90):
            moved = [*points[:nose], (x, 70), *points[nose + 1 :]]
            mirrored = [(110 - px, py) for px, py in moved]
            turned = [(px * 0.6 - py * 0.8, px * 0.8 + py * 0.6) for px, py in moved]
            values.append(frontality(points_text(moved), landmarker))
            assert np.allclose(
                [frontality(points_text(each), landmarker) for each in (mirrored, turned)],
                values[-1],
                atol=1e-3,
            )
        assert values == sorted(values, reverse=True) and values[0] == 1 and 0 <= values[-1] < 0.4
    assert frontality("", "") == 1
