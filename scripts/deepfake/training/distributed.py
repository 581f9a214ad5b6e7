"""The processes that train together where torchrun has started them: who they are, and how they agree."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from deepfake.console import log
from deepfake.files import ConcurrentWrite
from deepfake.networks.memory import keep_freed_memory

Found = TypeVar("Found")
VARIABLES = "RANK LOCAL_RANK WORLD_SIZE LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT".split()
PATIENCE = timedelta(days=1)  # the first process writes the outcome alone, and the others wait for it


class Failed(Exception):
    """Training can't be done, or not gone on with; the message says why."""


class UnusableMachine(Failed):
    """The machine hasn't what the settings ask for; the message says what."""


@dataclass(frozen=True)
class World:
    """A process among those that torchrun has started; the default is one that nobody has started so."""

    rank: int = 0  # of all
    size: int = 1
    local: int = 1  # how many there are on each node
    started: bool = False  # by torchrun, or something like it

    @property
    def nodes(self) -> int:
        return self.size // self.local


@dataclass(frozen=True)
class Group:
    """The processes of a World once they have met."""

    world: World = World()
    members: distributed.ProcessGroup | None = None  # None: it is alone

    def gather(self, what: object) -> list:
        """`what` of every process, in the order of their ranks."""
        if self.members is None:
            return [what]
        told = [None] * self.world.size
        distributed.all_gather_object(told, what, self.members)
        return told

    def together(self, task: Callable[[], Found]) -> Found:
        """What `task` gives here, once it has ended in all processes.

        If it raised Failed or ConcurrentWrite in one of them, all raise Failed with the first one's message:
        so none goes on alone and waits for the others.
        """
        if self.members is None:
            return task()
        found, message = None, None
        try:
            found = task()
        except (Failed, ConcurrentWrite) as error:
            message = str(error)
        for told in self.gather(message):
            if told is not None:
                raise Failed(told)
        return found


ALONE = Group()


def world_of(variables: Mapping[str, str] = os.environ) -> World:
    """What the variables say that torchrun sets; Slurm's are never looked at.

    Raises UnusableMachine where they aren't whole. Of the processes that Lightning starts by itself none has
    a RANK.
    """
    if not {"RANK", "WORLD_SIZE"} <= variables.keys():
        return World()
    if missing := [name for name in VARIABLES if not variables.get(name)]:
        raise UnusableMachine(
            f"of the variables that torchrun sets, {', '.join(missing)} isn't there; start the program with "
            "torchrun, or unset RANK and WORLD_SIZE to train in one process"
        )
    rank, size, local = (int(variables[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if size % local:
        raise UnusableMachine(
            f"WORLD_SIZE is {size} and LOCAL_WORLD_SIZE {local}: each node must have as many processes"
        )
    return World(rank, size, local, started=True)


def settle(world: World, threads: int) -> None:
    """Let the first process alone speak, share a node's `threads` of the CPU among its processes, and keep
    the memory of each."""
    if world.rank:
        log.disabled = True
        warnings.simplefilter("ignore")
    torch.set_num_threads(max(1, threads // world.local))
    keep_freed_memory()


@contextmanager
def joined(world: World, on_gpu: bool) -> Iterator[Group]:
    """Wait until all processes of `world` are there. NCCL carries what GPUs compute, gloo all else.

    Raises UnusableMachine where some are on a GPU and others aren't.
    """
    if world.size == 1:
        yield Group(world)
        return
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    group = Group(world, distributed.new_group(backend="gloo", timeout=PATIENCE))
    if len(set(on_gpus := group.gather(on_gpu))) > 1:
        raise UnusableMachine(
            f"process {on_gpus.index(False)} has no GPU, and process {on_gpus.index(True)} has one; take "
            "nodes that are alike, or set --accelerator cpu"
        )
    yield group
    distributed.destroy_process_group()
