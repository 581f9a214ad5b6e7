"""Training on real images and their blends alone, and with the files of landmarks and of people."""

import numpy as np
import pandas as pd
import pytest
from made import decoded as made_decoded
from made.decoded import forget_times, history_of, train_here

from deepfake.extraction.alignment import DLIB_5_TEMPLATE
from deepfake.inputs.landmarks import Located, write_landmarks

pytestmark = pytest.mark.usefixtures("one_thread")

REALS = {"fakes": False, "self_blend": 1, "epochs": 2, "augment": "light"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def files(made, tmp_path) -> list[str]:
    """Landmarks of three in four images, and a table of people who each have several videos."""
    rows = pd.read_csv(made.rows, dtype=str, keep_default_na=False)
    rng = np.random.default_rng(1)
    face = np.array(DLIB_5_TEMPLATE) / 112
    located = [
        Located(32, 32, face + rng.normal(0, 0.01, (5, 2)) if n % 4 else None) for n in range(len(rows))
    ]
    array, table, people = tmp_path / "five.npy", tmp_path / "five.csv", tmp_path / "people.csv"
    write_landmarks(located, rows["image"], "five", array, table)
    who = rows[["corpus", "video"]].assign(person=[f"p{n % 5}" for n in range(len(rows))])
    who.to_csv(people, index=False)
    return ["--landmarks", str(array), str(table), "--people", str(people)]


def test_the_fakes_of_train_change_nothing(made, tmp_path):
    """The same weights come out where the fakes of train are other images."""
    other = made_decoded.make(tmp_path / "other")
    rows = pd.read_csv(other.rows, dtype=str, keep_default_na=False)
    pixels = np.load(other.images)
    pixels[((rows["split"] == "train") & (rows["label"] == "1")).to_numpy()] = 0
    np.save(other.images, pixels)
    one, two = (train_here(files, tmp_path / str(n), REALS) for n, files in enumerate((made, other)))
    assert (one / "weights.pt").read_bytes() == (two / "weights.pt").read_bytes()
    assert len(history_of(one)) == 2


def test_a_train_of_reals_alone_is_enough_without_fakes(tmp_path):
    made = made_decoded.make(tmp_path / "made")
    rows = pd.read_csv(made.rows, dtype=str, keep_default_na=False)
    rows.loc[rows["split"] == "train", "label"] = "0"
    rows.to_csv(made.rows, index=False)
    train_here(made, tmp_path / "fakes", {"epochs": 1}, code=1)
    assert len(history_of(train_here(made, tmp_path / "reals", REALS | {"epochs": 1}))) == 1


@pytest.mark.parametrize("source", ["self", "neighbour"])
def test_landmarks_decide_and_the_same_ones_give_the_same_bytes(made, files, tmp_path, source):
    model = REALS | {"self_blend_landmarks": "five", "self_blend_source": source}
    one, two = (train_here(made, tmp_path / name, model, *files) for name in ("one", "two"))
    assert (one / "weights.pt").read_bytes() == (two / "weights.pt").read_bytes()
    mean = train_here(made, tmp_path / "mean", REALS)
    assert forget_times(history_of(one)) != forget_times(history_of(mean))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"fakes": False}, "fakes: false can't be used with self_blend: 0"),
        ({"self_blend": 1}, "self_blend: 1 makes fakes of all real images; write fakes: false"),
        (
            REALS | {"batch_size": 7},
            "batch_size: 7 can't be used with fakes: false, self_blend: 1; write",
        ),
        (REALS | {"self_blend_source": "neighbour"}, "write self_blend_landmarks: five, or 68"),
        (REALS | {"self_blend_landmarks": "five"}, "write --landmarks NPY CSV"),
    ],
)
def test_settings_that_do_not_fit_are_an_error(made, tmp_path, caplog, model, message):
    train_here(made, tmp_path, model, code=1)
    assert message in caplog.text
