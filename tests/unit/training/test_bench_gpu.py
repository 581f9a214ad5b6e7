"""The benchmark of training on a GPU runs to its end, so that it does where there is one."""

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import bench_gpu

pytestmark = pytest.mark.usefixtures("one_thread", "same_log")


@pytest.fixture
def same_log() -> Iterator[None]:
    """The benchmark silences the log of its process, which other tests read."""
    log = logging.getLogger("deepfake")
    level = log.level
    yield
    log.setLevel(level)


def test_a_trial_on_the_cpu_measures_both_networks(capsys):
    bench_gpu.main(["--cpu", "--tiny", "--rounds", "1", "--images", "8"])
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("CPU")
    rows = {
        name: re.findall(r"[\d.]+", line.removeprefix(name))
        for name in bench_gpu.TINY
        for line in lines
        if name in line
    }
    assert rows.keys() == bench_gpu.TINY.keys()
    for numbers in rows.values():
        assert len(numbers) == 8 and min(map(float, numbers[:3])) > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(capsys):
    bench_gpu.main([])
    assert "no GPU" in capsys.readouterr().out
