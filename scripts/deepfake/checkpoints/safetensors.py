"""Models in safetensors: weights that no code can hide among, with the checkpoint's facts beside them."""

import re
from collections.abc import Iterator
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from deepfake.checkpoints.best_pt import detector_of
from deepfake.checkpoints.checks import check, check_tensors, networks_in
from deepfake.checkpoints.inference import Opened
from deepfake.checkpoints.metadata import KEY, as_text, facts_of, read_facts
from deepfake.checkpoints.torch_runner import opened
from deepfake.networks.errors import WeightsDontFit, WeightsMissing
from deepfake.networks.weights import UNREADABLE

STATE = re.compile(r"(?:parts\.(\d{1,3})\.)?state\.(.+)", re.DOTALL)


def as_safetensors(checkpoint: dict) -> bytes:
    """A checkpoint as a file of safetensors; the same checkpoint gives the same bytes.

    A tensor is called `state.<key>`, in ensembles `parts.<number>.state.<key>`.
    """
    tensors = dict(_tensors(checkpoint))
    return safetensors.torch.save(tensors, metadata={KEY: as_text(facts_of(checkpoint))})


def read_safetensors(path: str | Path) -> dict:
    """The checkpoint that as_safetensors wrote to `path`, checked as best.pt is; tensors on the CPU.

    WeightsMissing where there is no file, WeightsDontFit where it is no such checkpoint, with what is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsMissing(f"there is no model {path}; copy it there, or make it with convert.py")
    try:
        with safetensors.safe_open(path, framework="pt", device="cpu") as file:
            checkpoint = read_facts((file.metadata() or {}).get(KEY), path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except WeightsDontFit:
        raise
    except (safetensors.SafetensorError, *UNREADABLE) as error:
        raise WeightsDontFit(f"{path} is no safetensors file, or it is damaged: {error}") from None
    _lay_in(checkpoint, tensors, path)
    check(checkpoint, path)
    check_tensors(checkpoint, path)
    return checkpoint


def open_safetensors(path: str | Path, threads: int = 1) -> Opened:
    """A .safetensors of ours, as inference.open_model gives it; on the best device that there is."""
    torch.set_num_threads(threads)
    checkpoint = read_safetensors(path)
    return opened(detector_of(checkpoint, path), checkpoint)


def _tensors(checkpoint: dict) -> Iterator[tuple[str, Tensor]]:
    for lead, part in networks_in(checkpoint):
        for key, value in part["state"].items():
            yield f"{lead}state.{key}", value.contiguous()


def _lay_in(checkpoint: dict, tensors: dict[str, Tensor], path: Path) -> None:
    """Give each network of `checkpoint` its `state`. WeightsDontFit for tensors that are of none."""
    parts = [part for _, part in networks_in(checkpoint)]
    for part in parts:
        part["state"] = {}
    for name, value in tensors.items():
        found = STATE.fullmatch(name)
        number = int(found[1] or 0) if found else -1
        if not found or (found[1] is None) == ("parts" in checkpoint) or number >= len(parts):
            raise WeightsDontFit(f"{path}: {name!r} belongs to no network of it")
        parts[number]["state"][found[2]] = value
