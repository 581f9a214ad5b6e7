"""The processes of work.py, seen from their parent: they are given tasks, and one that dies is replaced."""

import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from types import TracebackType
from typing import Any

from deepfake.detection.worker import Ready, Start
from deepfake.errors import UserError

LIBRARY = Path(__file__).resolve().parents[2]
PROGRAM = (
    "from deepfake.detection.worker import main; main()"  # run as a module its classes would be __main__'s
)
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "ERROR"}
WAITING = 2  # messages a process that may wait to be heard: so much is made ready ahead of the model


class CantWork(UserError):
    """The processes can't begin; the message says why."""


@dataclass(frozen=True)
class Gone:
    """A process has ended in the midst of its task; `how` says in what way."""

    how: str


class Member:
    """A process. `task` is what it is doing, None when it has nothing to do."""

    def __init__(self, start: Start):
        self.task: Any = None
        self.is_ready = False
        self.connection, theirs = Pipe()
        search = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
        with theirs:
            self._process = subprocess.Popen(
                # -P: what lies in the folder in which somebody judges media is none of our modules
                [sys.executable, "-P", "-c", PROGRAM, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **ALONE, "PYTHONPATH": search},
                pass_fds=[theirs.fileno()],
                process_group=0,  # an interrupt at the terminal goes to the parent alone
            )
        self._send(start)

    def give(self, task: object) -> None:
        self.task = task
        self._send(task)

    def end(self) -> str:
        """End it, and say how it ended."""
        self._process.kill()
        status = self._process.wait()
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"

    def how_it_ended(self) -> str:
        """The same of one that has closed its connection, and so is about to end by itself."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        return self.end()

    def _send(self, message: object) -> None:
        try:
            self.connection.send(message)
        except ConnectionError:
            return  # it has died, as its reader is about to tell


class Crew:
    """`number` processes that have been given `start`. A `with` block ends them, whatever they are doing."""

    def __init__(self, start: Start, number: int):
        self._start, self._number = start, number
        self._heard: queue.Queue[tuple[Member, object]] = queue.Queue(WAITING * number)
        self._readers: list[threading.Thread] = []
        self._closed = False
        self.members: list[Member] = []

    def __enter__(self) -> "Crew":
        for _ in range(self._number):
            self._add()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed = True
        for member in self.members:
            member.end()
        for reader in self._readers:
            while reader.is_alive():
                self._drain()
                reader.join(0.05)
        for member in self.members:
            member.connection.close()

    def hear(self) -> tuple[Member, object]:
        """What a process has to say next, or that it is Gone, and replaced. Raises CantWork."""
        while True:
            member, message = self._heard.get()
            if isinstance(message, Ready) and message.problem:
                raise CantWork(message.problem)
            if not isinstance(message, Ready | Gone):
                return member, message
            if isinstance(message, Ready):
                member.is_ready = True
                continue
            how = member.how_it_ended()
            if not member.is_ready:
                raise CantWork(f"a process of deepfake.detection.worker ended {how} before it could begin")
            self.members.remove(member)
            member.connection.close()
            self._add()
            return member, Gone(how)

    def _add(self) -> None:
        member = Member(self._start)
        self.members.append(member)
        reader = threading.Thread(target=self._read, args=[member], daemon=True)
        self._readers = [*(one for one in self._readers if one.is_alive()), reader]
        reader.start()

    def _read(self, member: Member) -> None:
        try:
            with suppress(EOFError, OSError):
                while not self._closed:
                    self._heard.put((member, member.connection.recv()))
        finally:  # also where it said what can't be read: nobody waits for it forever
            if not self._closed:
                self._heard.put((member, Gone("")))

    def _drain(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._heard.get_nowait()
