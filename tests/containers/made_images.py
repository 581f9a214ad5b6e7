"""Images on another Debian than this machine's, and a real Apptainer that runs them as an ordinary user."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Project, copy_project

HERE = Path(__file__).parent
CONTAINERS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{place}/images"
runroot = "{place}/run"
"""
APPTAINER = """#!/bin/sh
exec sh {enter} {root} "$PWD" apptainer "$@"
"""


def must(*command: str | Path, env: dict | None = None, cwd: Path | None = None) -> str:
    """Run a command and return its output; a failure shows the end of it."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout[-6000:]}"
    return done.stdout


class Contained(Project):
    """A copy of the workflow that runs inside Apptainer's root, as an ordinary user."""

    def __init__(self, folder: Path, root: Path):
        super().__init__(folder)
        self.root = root

    def command(self, *args: str) -> list[str]:
        enter = ["sh", str(HERE / "enter_root.sh"), str(self.root), str(self.folder)]
        return [*enter, "snakemake", "--cores", "2", *args]

    def execute(self, *args: str) -> subprocess.CompletedProcess:
        must("chown", "-R", "1000:1000", self.folder)
        command = self.command(*args)
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(preloaded=False), capture_output=True, text=True
        )


def workplace(made_up: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for roots and images: $DEEPFAKE_CONTAINER_CACHE, which keeps roots for the next time, or a
    temporary one. Skips if images can't be made here."""
    if os.geteuid():
        pytest.skip("only root can make roots of another Debian")
    for program in ("debootstrap", "podman", "runc", "unshare"):
        if not shutil.which(program):
            pytest.skip(f"no {program} (apt-get install debootstrap podman buildah runc)")
    kept = os.environ.get("DEEPFAKE_CONTAINER_CACHE")
    place = Path(kept).absolute() if kept else made_up.mktemp("containers")
    place.mkdir(parents=True, exist_ok=True)
    yield place
    subprocess.run(["umount", "--quiet", str(place / "images/overlay")])  # podman leaves it mounted on itself
    for name in ["images", "run", *([] if kept else ["sid", "trixie"])]:
        shutil.rmtree(place / name, ignore_errors=True)


def make_folder(folder: Path, *command: str | Path) -> Path:
    """Create a folder with a command whose last argument it is; only once, and atomically."""
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        must(*command, part)
        part.rename(folder)
    return folder


def podman_settings(place: Path) -> dict[str, str]:
    """The environment variables with which podman also works in a container and keeps its images in `place`;
    BASE is an image with Debian trixie's Python 3.13."""
    (place / "containers.conf").write_text(CONTAINERS)
    (place / "storage.conf").write_text(STORAGE.format(place=place))
    env = {
        **os.environ,
        "CONTAINERS_CONF": str(place / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(place / "storage.conf"),
        "BUILDAH_ISOLATION": "chroot",
        "BUILDAH_LAYERS": "false",  # half the disk space
        "BASE": "localhost/deepfake-base",
    }
    packages = "--include=ca-certificates,python3,python3-venv"
    base = make_folder(place / "trixie", "debootstrap", "--variant=minbase", packages, "trixie")
    must("tar", "-C", base, "-cf", place / "base.tar", ".")
    must("podman", "import", "--quiet", place / "base.tar", "deepfake-base", env=env)
    (place / "base.tar").unlink()
    return env


def build(stacks: list[str], place: Path, folder: Path) -> tuple[Contained, dict[str, str]]:
    """A copy of the workflow in `folder` with the stacks' .sif, built like `make containers` does; and the
    environment variables with which podman finds the images that they were built from."""
    root = make_folder(place / "sid", "sh", HERE / "make_root.sh")
    env = podman_settings(place)
    copy_project(folder)
    for name in ("requirements.txt", ".containerignore"):
        shutil.copy2(ROOT / name, folder)
    (folder / "resources/containers").mkdir(parents=True)
    must("chown", "-R", "1000:1000", folder)
    (place / "bin").mkdir(exist_ok=True)
    wrapper = place / "bin/apptainer"  # the only apptainer is in the other root
    wrapper.write_text(APPTAINER.format(enter=HERE / "enter_root.sh", root=root))
    wrapper.chmod(0o755)
    squash = '--mksquashfs-args "-comp zstd -Xcompression-level 3"'
    env = {**env, "PATH": f"{wrapper.parent}:{os.environ['PATH']}", "APPTAINER_BUILD": squash}
    must("bash", "envs/build_containers.sh", *stacks, cwd=folder, env=env)
    print(must("podman", "images", env=env), must("du", "-hs", *folder.glob("resources/containers/*.sif")))
    return Contained(folder, root), env


def in_image(stack: str, env: dict, *command: str, user: str | None = None) -> str:
    """The output of a command in podman's image, offline and read-only; as the image's user, or another."""
    alone = ["podman", "run", "--rm", "--read-only", *(["--user", user] if user else [])]
    return must(*alone, f"localhost/deepfake-{stack}", *command, env=env)
