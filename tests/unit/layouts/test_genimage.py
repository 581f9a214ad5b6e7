"""GenImage: generators by their folders and zips, photos that several of them have, other folders."""

import pytest
from made.layout_rows import by_path, read, read_entries, read_one, values

from deepfake.layouts.entries import FAKE, REAL, Entry


@pytest.mark.parametrize(
    ("folder", "method"),
    [
        ("imagenet_ai_0419_biggan", "biggan"),
        ("BigGAN/imagenet_ai_0419_biggan", "biggan"),
        ("imagenet_midjourney", "midjourney"),
        ("Stable Diffusion V1.4", "Stable Diffusion V1.4"),
        ("imagenet_ai", ""),
    ],
)
def test_the_method_is_the_generator(folder, method):
    row = read_one("genimage", f"{folder}/val/ai/0_x_7.PNG")
    assert (row.label, row.method, row.split, row.problem) == (FAKE, method, "val", "")
    assert row.group == f"{folder}/val/ai/0_x_7.PNG" and row.original == ""


def test_the_zip_is_the_generator_where_there_is_no_folder():
    row = read_one("genimage", "train/ai/1.png", archive="genimage/imagenet_ai_0508_adm.zip")
    assert (row.method, row.split, row.name) == ("adm", "train", "adm_train_1")
    assert read_one("genimage", "train/ai/1.png").method == ""


def test_a_photo_that_two_generators_have_is_one_group():
    photo = "n01440764_10026.JPEG"
    rows = read("genimage", [f"ADM/train/nature/{photo}", f"VQDM/train/nature/{photo}"])
    assert {values(row) for row in rows} == {
        ("n01440764_10026", REAL, "", "", "", "n01440764_10026", "nature/n01440764_10026")
    }


def test_other_folders_and_videos_do_not_fit():
    paths = ["ADM/train/real/1.png", "ADM/ai/1.png", "ai/1.png", "1.png", "ADM/train/ai/x/1.png"]
    paths += ["ADM/train/ai/1.mp4"]
    rows = by_path(read("genimage", paths))
    assert {row.problem for row in rows.values()} == {
        "name does not fit <generator>/{train,val}/{ai,nature}/<still>"
    }
    (row,) = read_entries("genimage", [Entry("", "ADM/TRAIN/AI/1.png")], {})
    assert (row.method, row.split, row.label) == ("ADM", "train", FAKE)
