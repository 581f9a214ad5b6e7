"""Numbers as people write them, in a config: the error says which number to write."""

import pytest
from made.config import checked

from deepfake.config.numbers import number_meant
from deepfake.errors import UserError


@pytest.mark.parametrize(
    "text, number",
    [
        ("0,8", 0.8), ("80%", 0.8), ("80 %", 0.8), ("12,5%", 0.125), ("4/5", 0.8), ("1/3", 0.333333),
        ("1e-3", 0.001), ("-0,5", -0.5), (".5", 0.5), ("10", 10), (" 2 ", 2), ("1.000,5", 1000.5),
        ("1,000.5", 1000.5), ("1 000", 1000), ("1'000", 1000),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text, number):
    assert number_meant(text, whole=False) == number


@pytest.mark.parametrize("text", ["", "%", "abc", "nan", "inf", "1e999", "256 px", "0,8,5", "1/0", "-"])
def test_other_text_is_no_number(text):
    assert number_meant(text, whole=False) is None


def test_whole_numbers():
    assert [number_meant(text, whole=True) for text in ("1,000", "1.000", "32", "1e3", "80%")] == [
        1000, 1000, 32, 1000, None,
    ]  # fmt: skip
    assert number_meant("1,5", whole=True) is None


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "datasets: {dataset_2gb: {splits: {train: '0,8'}}}",
            "splits.train: '0,8' can't be used; write 0.8 (",
        ),
        ("datasets: {dataset_2gb: {splits: {train: 80%}}}", "splits.train: '80%' can't be used; write 0.8 ("),
        ("datasets: {dataset_2gb: {splits: {train: 4/5}}}", "splits.train: '4/5' can't be used; write 0.8 ("),
        ("models: {meso4: {lr: 1e-3}}", "meso4.lr: '1e-3' can't be used; write 0.001 ("),
        ("models: {meso4: {batch_size: '32'}}", "batch_size: '32' can't be used; write a whole number"),
        ("shard_size: '1,000'", "shard_size: '1,000' can't be used; write 1000 ("),
        ("frames: {at: ['0,25']}", "frames.at.0: '0,25' can't be used; write 0.25 ("),
        ("frames: {at: [0,25]}", "frames.at.1: 25 can't be used; write 0.25 with a point"),
        ("datasets: {dataset_2gb: {splits: {'8': 1}}}", "unknown '8' (0,8 is read as two; write 0.8, with"),
        ("faces: {size: 256 px}", "faces.size: '256 px' can't be used; write a whole number from 16"),
    ],
)
def test_the_error_says_which_number_to_write(text, message):
    with pytest.raises(UserError) as error:
        checked(text)
    assert message in str(error.value)


def test_decimal_commas_that_yaml_reads_as_two_keys():
    with pytest.raises(UserError) as error:
        checked("datasets: {dataset_2gb: {splits: {train: 0,8, val: 0,15, test: 0,05}}}")
    assert str(error.value).split("\n  ")[1:] == [
        f"datasets.dataset_2gb.splits: {n} is read as a key, as in `0,{n}`; write numbers with a point, 0.{n}"
        for n in (15, 5, 8)
    ]
