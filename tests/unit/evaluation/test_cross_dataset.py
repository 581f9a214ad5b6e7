"""Cross-dataset evaluation: which videos are unseen, the numbers, and the matrix."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.programs import run_program

from deepfake.errors import UserError
from deepfake.evaluation.cross_dataset import (
    CROSS,
    draw_cross_dataset,
    evaluate_images,
    metadata_of,
)
from deepfake.evaluation.predictions import PREDICTIONS, write_predictions
from deepfake.evaluation.unseen import Faces, unseen
from deepfake.people.video_vectors import gather_vectors
from deepfake.tables import EMBEDDINGS, METADATA


def row(number: int, **values: str) -> dict:
    """An image that has nothing in common with those of other numbers."""
    own = {"corpus": "c", "video": f"v{number}", "sha256": f"{number:064x}", "phash": phash(number)}
    return {**dict.fromkeys(METADATA, ""), **own, **values}


def phash(number: int, flip: int = 0) -> str:
    """A hash that is far from every other number's; its last `flip` bits are flipped."""
    bits = int.from_bytes(np.random.default_rng(number).bytes(8), "big") ^ ((1 << flip) - 1)
    return f"{bits:016x}"


def frame(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=METADATA)


TRAIN = row(
    1,
    target="fam/anna",
    source="fam/bert",
    original="fam/orig",
    group="fam/pair",
    sha256="a" * 64,
)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        ({}, True),
        ({"target": "fam/anna"}, False),
        ({"target": "fam/bert"}, False),
        ({"source": "fam/anna"}, False),
        ({"target": "fam/dora", "source": "fam/bert"}, False),
        ({"target": "fam/dora", "source": "fam/emil"}, True),
        ({"target": "other/anna"}, True),
        ({"original": "fam/orig"}, False),
        ({"original": "fam/orig2"}, True),
        ({"group": "fam/pair"}, False),
        ({"group": "fam/anna"}, False),
        ({"video": "v1"}, False),
        ({"video": "v1", "corpus": "d"}, True),
        ({"sha256": "a" * 64}, False),
        ({"phash": phash(1)}, False),
        ({"phash": phash(1, flip=3)}, False),
        ({"phash": phash(1, flip=4)}, True),
    ],
    ids=lambda value: " ".join(map(" ".join, value.items())) if isinstance(value, dict) else "",
)
def test_videos_related_to_the_training_data_are_rejected(other, kept):
    assert unseen(frame([row(2, **other)]), frame([TRAIN]), distance=3).tolist() == [kept]


def test_unknown_names_are_not_equal_to_each_other():
    assert unseen(frame([row(2), row(3)]), frame([row(1)])).tolist() == [True, True]


def test_a_video_with_one_seen_image_is_rejected_whole():
    test = frame(
        [
            row(2, video="v"),
            row(3, video="v", phash=phash(1)),
            row(4, video="w"),
            row(5, corpus="d", video="v"),
        ]
    )
    assert unseen(test, frame([TRAIN])).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("other", "pair", "kept"),
    [
        ({"target": "oth/zoe"}, ("d/zoe", "c/anna"), False),
        ({"target": "oth/zoe"}, ("c/bert", "d/zoe"), False),
        ({"target": "oth/x", "source": "oth/zoe"}, ("d/zoe", "c/anna"), False),
        ({"target": "oth/zoe"}, ("d/v2", "c/v1"), False),
        ({"group": "oth/orig"}, ("d/v2", "c/anna"), False),
        ({"target": "oth/zoe"}, ("d/zoe", "c/emil"), True),
        ({"target": "oth/yan"}, ("d/zoe", "c/anna"), True),
        ({"target": "oth/zoe"}, ("zoe/d", "anna/c"), True),
    ],
    ids="person source put-in videos nobody-named stranger another wrong-corpus".split(),
)
def test_people_with_several_names_are_recognised(other, pair, kept):
    test = frame([row(2, corpus="d", **other), row(3, corpus="d", target="oth/free")])
    assert unseen(test, frame([TRAIN]), same_identity=[pair]).tolist() == [kept, True]
    assert unseen(test, frame([TRAIN])).tolist() == [True, True]


def test_names_of_a_person_are_linked_through_others():
    test = frame([row(2, corpus="d", target="oth/zoe")])
    assert unseen(test, frame([TRAIN]), same_identity=[("e/who", "d/zoe"), ("c/anna", "e/who")]).tolist() == [
        False
    ]


def faces_at(distances: dict[str, float]) -> tuple:
    """Vectors of videos of the corpus c, each so far from the first axis."""
    unit = {video: (1 - far**2 / 2, far * np.sqrt(1 - far**2 / 4)) for video, far in distances.items()}
    return gather_vectors(
        [(("c", video), np.array([[*at, 0.0]]), np.ones(1)) for video, at in unit.items()], 0.3
    )


def test_videos_that_look_like_somebody_in_train_are_rejected():
    test = frame([row(2), row(3), row(4), row(5, target="fam/named"), row(6, corpus="names")])
    faces = Faces(faces_at({"v2": 0.2, "v3": 0.5}), faces_at({"v1": 0.0}), guard=0.35)
    assert unseen(test, frame([row(1)]), faces=faces).tolist() == [False, True, False, True, True]
    assert unseen(test, frame([row(1)])).all()
    nobody = Faces(faces_at({"v2": 0.2, "v3": 0.5}), faces_at({}), guard=0.35)
    assert unseen(test, frame([row(1)]), faces=nobody).tolist() == [True, True, False, True, True]


def test_empty_tables():
    assert unseen(frame([]), frame([TRAIN])).tolist() == []
    assert unseen(frame([row(2)]), frame([])).tolist() == [True]


names = st.sampled_from(["", "p", "q", "r", "s"])
some = st.lists(st.tuples(names, names, names, names, st.sampled_from("uvw")), max_size=8)


@settings(deadline=None, max_examples=80)
@given(some, some)
def test_no_name_and_no_video_is_on_both_sides(test, train):
    keys = ["target", "source", "original", "group", "video"]
    made = [
        frame([row(start + i, corpus=corpus, **dict(zip(keys, t, strict=True))) for i, t in enumerate(part)])
        for start, part, corpus in ((0, test, "c"), (100, train, "d"))
    ]
    keep = unseen(*made)
    left = made[0][keep]
    known = set(made[1][keys[:4]].to_numpy().ravel()) - {""}
    assert not known & set(left[keys[:4]].to_numpy().ravel())
    assert not set(left["video"]) & set(made[0][~keep]["video"]), "a video is rejected whole or not at all"
    alone = made[0].groupby("video")[keys[:4]].agg(lambda cells: not known & set(cells)).all(axis=1)
    assert set(left["video"]) == set(alone.index[alone]), "and nothing else is rejected"


def predictions(given: list[tuple[str, int, float]]) -> pd.DataFrame:
    rows = [
        {"image": f"test/{i}.jpg", "corpus": "c", "video": video, "label": label, "probability": p}
        for i, (video, label, p) in enumerate(given)
    ]
    return pd.DataFrame(rows, columns=PREDICTIONS).fillna(
        {"method": "", "target": "", "group": "", "person": ""}
    )


LIMITS = {"frame": 0.5, "video": 0.35}
FOUR = [("a", 0, 0.6), ("a", 0, 0.0), ("b", 1, 0.9), ("c", 1, 0.4)]


def test_known_numbers_at_both_thresholds():
    found = evaluate_images(predictions(FOUR), np.ones(4, bool), LIMITS)
    assert list(found) == [name for name in CROSS[3:] if name != "people"]
    assert (found["images"], found["videos"], found["left_out"]) == (4, 3, 0)
    assert found["f1_macro"] == pytest.approx(0.5) and found["roc_auc"] == pytest.approx(0.75)
    assert found["video_f1_macro"] == 1 and found["video_roc_auc"] == 1


@pytest.mark.parametrize("keep", [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]], ids=["none", "reals", "fakes"])
def test_without_both_classes_there_is_no_number(keep):
    found = evaluate_images(predictions(FOUR), np.array(keep, bool), LIMITS)
    assert found["images"] == sum(keep) and found["left_out"] == 4 - sum(keep)
    assert [found[name] for name in CROSS[-4:]] == [None] * 4


def test_images_that_are_not_in_the_dataset_are_named():
    metadata = frame([row(i, file_name=f"test/{i}.jpg", label=str(int(i > 1))) for i in range(4)])
    given = metadata_of(predictions(FOUR)[::-1], metadata, "x.csv")
    assert given["video"].tolist() == ["v3", "v2", "v1", "v0"]
    with pytest.raises(UserError, match=r"x\.csv: test/3\.jpg"):
        metadata_of(predictions(FOUR), metadata[:3], "x.csv")
    with pytest.raises(UserError, match=r"x\.csv: test/0\.jpg"):
        metadata_of(predictions(FOUR), metadata.assign(label="1"), "x.csv")


def cross(sets: int, models: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for m in range(models):
        for a in range(sets):
            for b in range(sets):
                table = predictions([(f"v{i}", i % 2, float(rng.random())) for i in range(20)])
                cell = {"model": f"model{m}", "trained": f"set{a}", "tested": f"set{b}"}
                rows.append(cell | evaluate_images(table, np.full(20, (a, b) != (0, 1)), LIMITS))
    return pd.DataFrame(rows, columns=CROSS)


@pytest.mark.parametrize(("sets", "models"), [(0, 0), (1, 1), (2, 3)])
def test_the_matrix_is_the_same_bytes_each_time(tmp_path, sets, models):
    for name in ("a.svg", "b.svg"):
        draw_cross_dataset(cross(sets, models), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def make_dataset(folder: Path, start: int, **values: str) -> list[dict]:
    """metadata.csv of four images of four videos a split, both classes."""
    rows = []
    for split in ("train", "val", "test"):
        for label in "0011":
            number = start + len(rows)
            image = f"{split}/{'fake' if int(label) else 'real'}/{number}.jpg"
            rows.append(row(number, file_name=image, split=split, label=label, **values))
    folder.mkdir()
    frame(rows).to_csv(folder / "metadata.csv", index=False)
    return rows


def arguments(folder: Path) -> list[object]:
    """Two datasets; b's test has two videos of a person in a, a's test none of a person in b."""
    sets = {"a": make_dataset(folder / "a", 0), "b": make_dataset(folder / "b", 100)}
    sets["a"][0]["target"] = sets["b"][8]["target"] = sets["b"][10]["target"] = "fam/anna"
    for name, rows in sets.items():
        frame(rows).to_csv(folder / name / "metadata.csv", index=False)
        test = frame([r for r in rows if r["split"] == "test"]).rename(columns={"file_name": "image"})
        test = test.astype({"label": "int64"})
        write_predictions(test.assign(probability=test["label"] * 0.8 + 0.1), folder / f"{name}.csv")
    (folder / "metrics.json").write_text(json.dumps({"threshold": {"frame": 0.5, "video": 0.5}}))
    cells = [f"m:{a}:{b}:{folder / b}.csv" for a in "ba" for b in "ba"]
    return [
        *("--datasets", *(f"{name}:{folder / name}" for name in sets)),
        *("--thresholds", *(f"m:{name}:{folder / 'metrics.json'}" for name in sets)),
        *("--predictions", *cells, "--output", folder / "x.csv", "--output-picture", folder / "x.svg"),
    ]


def test_the_program_leaves_out_seen_videos_of_other_datasets(tmp_path, capsys):
    assert run_program("compare.py", *arguments(tmp_path)) == 0
    table = pd.read_csv(tmp_path / "x.csv")
    assert list(table.columns) == CROSS
    assert (table["trained"] + table["tested"]).tolist() == ["aa", "ab", "ba", "bb"]
    assert table["images"].tolist() == [4, 2, 4, 4] and table["left_out"].tolist() == [0, 2, 0, 0]
    assert table["video_f1_macro"].tolist() == [1] * 4
    assert "left_out" in capsys.readouterr().out
    assert (tmp_path / "x.svg").read_text().startswith("<?xml")


def test_the_program_heeds_who_is_known_to_be_the_same(tmp_path, monkeypatch):
    args = arguments(tmp_path)
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path, who in zip(files, (8, 9), strict=True):
        path.write_text(f"first,second\nc/v{who},c/v{100 + who - 8}\n")
    assert run_program("compare.py", *args, "--same-identity", *files) == 0
    table = pd.read_csv(tmp_path / "x.csv")
    assert table["left_out"].tolist() == [0, 2, 2, 0], "two videos of a's test, which b's train shows"
    assert run_program("compare.py", *args, "--same-identity") == 0
    assert pd.read_csv(tmp_path / "x.csv")["left_out"].tolist() == [0, 2, 0, 0]


def test_the_program_leaves_out_look_alikes(tmp_path):
    args = arguments(tmp_path)
    plans = {"a": ["v0", "v9"], "b": ["v108", "v109", "v111"]}  # the first two of them look alike
    vectors = {"v0": (1, 0), "v9": (0, 1), "v108": (1, 0), "v109": (-1, 0), "v111": (0, -1)}
    for name, videos in plans.items():
        (tmp_path / "plans").mkdir(exist_ok=True)
        (tmp_path / f"plans/{name}.csv").write_text(f"corpus,shard\nc,{name}\n")
        folder = tmp_path / "people" / "c"
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{name}.npy", np.array([vectors[video] for video in videos], np.float32))
        rows = pd.DataFrame({"video": videos, "row": range(len(videos)), "quality": 1.0})
        rows.reindex(columns=EMBEDDINGS).to_csv(folder / f"{name}.csv", index=False)
    distances = {name: {"link": 0.3, "guard": 0.35} for name in plans}
    known = ["--results", tmp_path, "--bootstrap", 200]
    assert run_program("compare.py", *args, *known, "--people", json.dumps(distances)) == 0
    table = pd.read_csv(tmp_path / "x.csv")
    assert table["people"].tolist() == ["split", "faces", "faces", "split"]
    # of b's test: v108 and v110 by name, v108 by face too; of a's: v8, v10, v11 show nobody that is known
    assert table["left_out"].tolist() == [0, 2, 3, 0]
    assert (table["video_f1_macro_low"] <= table["video_f1_macro"])[[0, 3]].all()
    assert run_program("compare.py", *args, *known, "--people", json.dumps({"a": distances["a"]})) == 0
    assert pd.read_csv(tmp_path / "x.csv")["people"].tolist() == ["split", "names", "names", "split"]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("metrics.json", None, "metrics.json can't be read"),
        ("metrics.json", "{}", "metrics.json: threshold must hold frame and video"),
        ("b.csv", None, "b.csv can't be read"),
        ("a/metadata.csv", None, "metadata.csv"),
        ("same.csv", "one,two\nanna,bert\n", "same.csv, line 2: expected two names"),
    ],
    ids="no-metrics no-threshold no-predictions no-dataset names".split(),
)
def test_unreadable_inputs_are_errors_that_name_the_file(tmp_path, caplog, file, content, message):
    args = [*arguments(tmp_path), "--same-identity", tmp_path / "same.csv"]
    (tmp_path / "same.csv").write_text("one,two\n")
    (tmp_path / file).unlink()
    if content:
        (tmp_path / file).write_text(content)
    assert run_program("compare.py", *args) == 1
    assert message in caplog.text and not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("m:a:b:", "m:a:z:", "--datasets has no z"),
        ("m:a:b:", "other:a:b:", "--thresholds has none of other:a"),
        ("m:a:b:", "m:a:", r"has 3 parts of 4"),
    ],
    ids=["dataset", "threshold", "parts"],
)
def test_inconsistent_arguments_are_errors(tmp_path, capsys, old, new, message):
    args = [re.sub(f"^{old}", new, str(text)) for text in arguments(tmp_path)]
    with pytest.raises(SystemExit):
        run_program("compare.py", *args)
    assert message in capsys.readouterr().err


def test_predictions_of_another_dataset_are_an_error(tmp_path, caplog):
    args = [str(text).replace(":b:b:", ":b:a:") for text in arguments(tmp_path)]
    assert run_program("compare.py", *args) == 1
    assert "b.csv: test/fake/110.jpg" in caplog.text
    assert not (tmp_path / "x.csv").exists()
