"""A real Slurm on this machine: munge, one controller, two nodes and three partitions.

python tests/slurm/cluster.py 'snakemake --profile slurm --max-threads 2'    # runs the command with it up

Needs root and Debian's slurm-wlm and munge, whose slurmd can run several times on one host. At the end all
daemons are stopped, and the configuration is removed.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

CONFIG = Path("/etc/slurm/slurm.conf")  # the standard path: Snakemake's plugin clears SLURM_CONF
PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol"]
NODES = ["n1", "n2"]
MARK = "# A test's cluster in "  # and its folder, so that a killed one can be cleaned up
SETTINGS = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
ReturnToService=2
EnforcePartLimits=ALL
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
JobRequeue=1
MinJobAge=600
KillWait=10
OverTimeLimit=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5,requeue_delay=1
{nodes}
PartitionName=cpu Nodes=n1,n2 Default=YES PriorityTier=1
PartitionName=gpu Nodes=n2 PriorityTier=1
PartitionName=urgent Nodes=n2 PriorityTier=10
"""


def missing() -> str:
    """Why a cluster can't be started here, or ""."""
    if os.geteuid() != 0:
        return "Slurm's daemons are started as root only"
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    if absent:
        return f"not installed: {', '.join(absent)} (apt-get install slurm-wlm munge)"
    if CONFIG.exists() and not CONFIG.read_text().startswith(MARK):
        return f"{CONFIG} exists: this machine has its own Slurm"
    return ""


@contextmanager
def running() -> Iterator["Cluster"]:
    """A cluster of two nodes, each with two cores and this machine's memory; n2 claims to have a GPU."""
    reason = missing()
    if reason:
        raise RuntimeError(reason)
    if CONFIG.exists():
        Cluster(Path(CONFIG.read_text().splitlines()[0].removeprefix(MARK))).stop()
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    cluster = Cluster(folder)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        signal.signal(signal.SIGTERM, before)


class Cluster:
    """The daemons and their folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.munged: subprocess.Popen | None = None

    def start(self) -> None:
        self.munged = start_munge()
        host, ports = socket.gethostname().split(".")[0], free_ports(len(NODES) + 1)
        memory = int(psutil.virtual_memory().total * 0.95 / 2**20)
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2"
            f" RealMemory={memory}" + (" Gres=gpu:1" if node == "n2" else "")
            for node, port in zip(NODES, ports[1:], strict=True)
        )
        (self.folder / "state").mkdir()
        CONFIG.parent.mkdir(exist_ok=True)
        CONFIG.write_text(
            f"{MARK}{self.folder}"
            + SETTINGS.format(host=host, port=ports[0], folder=self.folder, nodes=nodes)
        )
        (CONFIG.parent / "gres.conf").write_text("NodeName=n2 Name=gpu File=/dev/null\n")  # it need not exist
        self.start_controller()
        for node in NODES:
            subprocess.run(["slurmd", "-N", node], check=True)
        wait_for(lambda: set(output_of("sinfo", "-h", "-o", "%T").split()) == {"idle"})

    def start_controller(self) -> None:
        subprocess.run(["slurmctld"], check=True)
        wait_for(lambda: subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0)

    def stop_controller(self) -> None:
        """Kill the controller as a crash would; jobs go on running."""
        end(int((self.folder / "slurmctld.pid").read_text()), signal.SIGKILL)

    def stop(self) -> None:
        if (self.folder / "slurmctld.pid").exists():
            subprocess.run(["scancel", "--user=root"], capture_output=True, timeout=60)
            with suppress(TimeoutError, subprocess.CalledProcessError):  # the daemons are stopped anyway
                wait_for(lambda: not output_of("squeue", "--noheader"), 30)
        for path in sorted(self.folder.glob("*.pid"), reverse=True):  # the nodes, then the controller
            end(int(path.read_text()), signal.SIGTERM)
        if self.munged:
            self.munged.terminate()
            self.munged.wait()
        if CONFIG.exists() and CONFIG.read_text().startswith(f"{MARK}{self.folder}\n"):
            CONFIG.unlink()
            (CONFIG.parent / "gres.conf").unlink()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_munge() -> subprocess.Popen | None:
    """Start munged, unless one is running."""
    if subprocess.run(["munge", "-n"], capture_output=True).returncode == 0:
        return None
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    daemon = subprocess.Popen(
        ["runuser", "-u", "munge", "--", "munged", "--foreground"], stderr=subprocess.DEVNULL
    )
    wait_for(lambda: subprocess.run(["munge", "-n"], capture_output=True).returncode == 0)
    return daemon


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def end(pid: int, how: signal.Signals) -> None:
    """Send a signal to a daemon and wait until it is gone."""
    try:
        os.kill(pid, how)
        wait_for(lambda: not Path(f"/proc/{pid}").exists())
    except ProcessLookupError:
        return


def running_programs() -> list[str]:
    """The names of Slurm's programs that are running on this machine."""
    names = [p.info["name"] for p in psutil.process_iter(["name", "status"]) if p.info["status"] != "zombie"]
    return sorted(name for name in names if name in ("slurmctld", "slurmd", "slurmstepd"))


def output_of(*command: str) -> str:
    """The output of one of Slurm's commands."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"timed out after {seconds} s")
        time.sleep(0.1)


if __name__ == "__main__":
    with running():
        sys.exit(subprocess.run(sys.argv[1], shell=True).returncode)
