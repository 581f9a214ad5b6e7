"""The processes of a training, one for each device: started by torchrun, or here by Lightning Fabric."""

import logging
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import distributed

from deepfake.console import log
from deepfake.errors import UserError
from deepfake.networks.memory import keep_freed_memory

Result = TypeVar("Result")
VARIABLES = "RANK LOCAL_RANK WORLD_SIZE LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT".split()
"""What torchrun sets in the environment of each process that it starts."""

LONGEST_WAIT = timedelta(days=1)  # the first process writes the results alone, and the others wait for it
PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
"""From the values of the config key `precision` to Fabric's; `auto` depends on the accelerator."""


@dataclass(frozen=True)
class Torchrun:
    """The values of torchrun's environment variables in this process."""

    rank: int  # among the processes of all nodes
    size: int  # processes of all nodes
    local_size: int  # processes of each node

    @property
    def nodes(self) -> int:
        return self.size // self.local_size


def read_torchrun(variables: Mapping[str, str] = os.environ) -> Torchrun | None:
    """Return what torchrun has set in the environment, None if it has not started this process.

    Slurm's variables are never read. The processes that Fabric starts have no RANK. Raises UserError if
    some of torchrun's variables are missing, or nodes have different numbers of processes.
    """
    if not {"RANK", "WORLD_SIZE"} <= variables.keys():
        return None
    if missing := [name for name in VARIABLES if not variables.get(name)]:
        raise UserError(
            f"RANK and WORLD_SIZE are set, but {', '.join(missing)}, which torchrun also sets, is missing; "
            "start the program with torchrun, or unset RANK and WORLD_SIZE to train in one process"
        )
    rank, size, local_size = (int(variables[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if size % local_size:
        raise UserError(
            f"WORLD_SIZE is {size} and LOCAL_WORLD_SIZE {local_size}: start the same number of processes on "
            "each node"
        )
    return Torchrun(rank, size, local_size)


@dataclass(frozen=True)
class Processes:
    """The processes that train one network: Fabric for tensors, and a gloo group for Python objects."""

    fabric: Fabric
    objects: distributed.ProcessGroup | None = None  # None: there is one process

    def gather(self, value: object) -> list:
        """Return `value` of every process, in the order of their ranks."""
        if self.objects is None:
            return [value]
        values = [None] * self.fabric.world_size
        distributed.all_gather_object(values, value, self.objects)
        return values

    def run_together(self, task: Callable[[], Result]) -> Result:
        """Return what `task` returns in this process, once all processes have run it.

        Where it raises UserError or OSError in some of them, all raise UserError with the first message.
        Otherwise a process without the error would wait forever for one that has ended.
        """
        if self.objects is None:
            return task()
        result, message = None, None
        try:
            result = task()
        except (UserError, OSError) as error:
            message = str(error)
        for error in self.gather(message):
            if error is not None:
                raise UserError(error)
        return result


@contextmanager
def launch(
    precision: str, accelerator: str = "auto", devices: int | str = "auto", threads: int = 1
) -> Iterator[Processes]:
    """Start the processes that train together, or meet those that torchrun has started.

    `precision` is a model's of the config, `accelerator` auto, cpu, gpu or mps, `devices` their number on
    each node (auto: all GPUs, one process on a CPU), and `threads` the CPU threads that the processes of a
    node share. Without torchrun, Fabric starts this program again for each further device. Only the first
    process logs. SIGTERM ends a process with exit code 143.

    Raises UserError if the hardware can't do it, or where only some processes have a GPU.
    """
    torchrun = read_torchrun()
    if torchrun.rank if torchrun else int(os.environ.get("LOCAL_RANK", 0)):
        log.disabled = True
        warnings.simplefilter("ignore")
    fabric = _make_fabric(precision, accelerator, devices, torchrun)
    on_gpu = fabric.device.type == "cuda"
    if torchrun and torchrun.size > 1:
        # Fabric itself would connect the GPUs at once, and wait for them on nodes that have none
        distributed.init_process_group("nccl" if on_gpu else "gloo")
    fabric.launch()
    objects = None
    if fabric.world_size > 1:
        objects = distributed.new_group(backend="gloo", timeout=LONGEST_WAIT)
    processes = Processes(fabric, objects)
    with_gpu = processes.gather(on_gpu)
    if len(set(with_gpu)) > 1:
        raise UserError(
            f"process {with_gpu.index(False)} has no GPU, and process {with_gpu.index(True)} has one; use "
            "nodes of one kind, or set --accelerator cpu"
        )
    torch.set_num_threads(max(1, threads // (torchrun.local_size if torchrun else fabric.world_size)))
    torch.use_deterministic_algorithms(fabric.device.type == "cpu")
    torch.backends.cudnn.benchmark = on_gpu  # the fastest kernels, which may differ in the last bits
    keep_freed_memory()
    handler = signal.getsignal(signal.SIGTERM)
    _exit_on_sigterm(fabric, torchrun)
    yield processes
    # not after an error: another process may still be waiting for this one
    signal.signal(signal.SIGTERM, handler)
    if objects is not None:
        distributed.destroy_process_group()


def _make_fabric(precision: str, accelerator: str, devices: int | str, torchrun: Torchrun | None) -> Fabric:
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if accelerator == "auto":
        mps = torch.backends.mps.is_available()
        accelerator = "gpu" if torch.cuda.is_available() else "mps" if mps else "cpu"
    if torchrun:
        if devices not in ("auto", torchrun.local_size):
            raise UserError(
                f"--devices is {devices}, and torchrun has started {torchrun.local_size} processes on each "
                "node; leave --devices out"
            )
        devices = torchrun.local_size
    elif accelerator == "cpu" and devices == "auto":
        devices = 1
    try:
        return Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=torchrun.nodes if torchrun else 1,
            precision=PRECISIONS.get(precision) or _fastest_precision(accelerator),
            # by default Fabric takes the number of processes from Slurm's variables
            plugins=[TorchElasticEnvironment() if torchrun else LightningEnvironment()],
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"precision {precision} on accelerator {accelerator} with devices {devices} isn't possible here: "
            f"{reason}"
        ) from None


def _fastest_precision(accelerator: str) -> str:
    """Return mixed precision where the accelerator has hardware for it."""
    if accelerator != "gpu":
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"


def _exit_on_sigterm(fabric: Fabric, torchrun: Torchrun | None) -> None:
    """Have SIGTERM end this process with exit code 143; no more than the current epoch is lost.

    Where several processes wait for each other in every batch, none can tidy up after a signal: each ends at
    once. Those of torchrun keep the system's own reaction, which also ends a process that is waiting.
    """
    if torchrun and torchrun.size > 1:
        return
    children = [] if fabric.world_size == 1 else fabric.strategy.launcher.procs

    def end(number: int, frame: object) -> None:
        if fabric.world_size == 1:
            raise SystemExit(128 + number)
        for child in children:
            child.kill()
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, end)
