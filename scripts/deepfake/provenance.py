"""What each output was made with: a record of its job's settings, code, inputs and outputs.

Snakemake keeps the same in `.snakemake/metadata`, but not if it is killed while a job runs on, and it doesn't
compare the content of an output with what the job wrote. A record is written by the job itself, after its
outputs, to `results/provenance/<rule>/<wildcards>.json`. Later jobs check those of their inputs.

    {"step": "faces", "settings": {...}, "code": "5f2c...",
     "inputs": {"results/frames/demo/all.csv": {"sha256": "...", "size": 1, "mtime_ns": 2, "record": "..."}},
     "outputs": {"results/faces/demo/all.csv": {"sha256": "...", "size": 3, "mtime_ns": 4}}}
"""

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.hashing import CHECKSUMS, sha256_of

SMALL = 1 << 24  # bytes

LARGE, BLOCKS, BLOCK = 1 << 30, 256, 1 << 20
"""Of a file above LARGE bytes only BLOCKS blocks of BLOCK bytes are read, so that 470 GB take a second.

The last of them has the list of contents of a zip.
"""

NO_RECORD = "it has no record of what it was made with"

LONGEST_OPTION = 32_000  # characters; Linux allows 131,072 for a whole command


class StaleInput(UserError):
    """An input was made with other settings or other inputs than the present ones; the message names it."""


def settings_digest(settings: dict) -> str:
    """Return a digest of a step's settings, 16 hexadecimal digits."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def content(path: str | Path, known: dict | None = None) -> dict | None:
    """Return the `sha256`, `size`, `mtime_ns` and `inode` of a file; None if it doesn't exist.

    `known` is an earlier result for the path: if size and time are still the same, the file isn't read. Nor
    is a file above SMALL of the same size and inode: Snakemake sets the time of every output after its job,
    and programs write a new file instead of changing one. A folder is identified by its SHA256SUMS; `sha256`
    of one without is empty, and anything may be done to its files.
    """
    path = Path(path)
    if path.is_dir():
        return content(path / CHECKSUMS, known) or {"sha256": "", "size": 0, "mtime_ns": 0, "inode": 0}
    try:
        status = path.stat()
        state = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}
        same = {key for key, value in state.items() if (known or {}).get(key) == value}
        if same >= {"size", "mtime_ns"} or (same >= {"size", "inode"} and status.st_size > SMALL):
            return {**state, "sha256": known.get("sha256")}
        return {**state, "sha256": _sha256(path, status.st_size)}
    except FileNotFoundError:
        return None


def _sha256(path: Path, size: int) -> str:
    """Return the SHA-256 of a file; of one above LARGE that of its size and of evenly spaced blocks."""
    if size <= LARGE:
        return sha256_of(path)
    with open(path, "rb") as file:
        digest = hashlib.sha256(str(size).encode())
        for number in range(BLOCKS):
            file.seek((size - BLOCK) * number // (BLOCKS - 1))
            digest.update(file.read(BLOCK))
    return digest.hexdigest()


def _lacks_files(folder: str) -> bool:
    """Return whether a file that the SHA256SUMS of a folder lists is not where it says; False without one."""
    try:
        listed = (Path(folder) / CHECKSUMS).read_bytes().decode("utf-8", "surrogateescape").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return False
    here = set()
    for top, _, files in os.walk(folder):
        below = Path(top).relative_to(folder).as_posix()
        here.update(files if below == "." else (f"{below}/{name}" for name in files))
    return any(line.partition("  ")[2] not in here for line in listed if line)


def read_record(path: str | Path) -> dict | None:
    """Return a record; None if it doesn't exist, or is no record."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8", errors="surrogateescape"))
        files = [*record["inputs"].values(), *record["outputs"].values()]
        valid = isinstance(record["settings"], dict) and all(
            isinstance(file["sha256"], str) for file in files
        )
        return record if valid and {"step", "code"} <= record.keys() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(path: str | Path, record: dict) -> None:
    """Write a record as JSON."""
    with new_file(path) as part:
        text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8", errors="surrogateescape")


def refresh(path: str | Path, record: dict) -> list[str]:
    """Return the inputs and outputs of a record that exist with another content than it says.

    A folder that lacks a listed file is one of them: it was moved by hand, or Snakemake, which deletes an
    output before it notes that it will make it anew, was killed in between. Files with another time but the
    same content are noted in the record, so that they aren't read again.
    """
    changed, noted = [], False
    for kind in ("inputs", "outputs"):
        for name, known in record[kind].items():
            now = content(name, known)
            if now is None:
                continue
            if now["sha256"] != known["sha256"] or (kind == "outputs" and _lacks_files(name)):
                changed.append(name)
            elif now["mtime_ns"] != known["mtime_ns"]:
                known.update(now)
                noted = True
    if noted and not changed:
        with suppress(OSError):  # a copy that may not be written to is read again each time
            write_record(path, record)
    return changed


def why_stale(path: str | Path, record: dict | None, settings: dict, code: str) -> str:
    """Return why the outputs that `record` describes, which was read from `path`, are not current, or "".

    Files that don't exist are no reason: an output may be temporary, an input deleted to save space.
    """
    if record is None:
        return NO_RECORD
    if record["settings"] != json.loads(json.dumps(settings)):
        return f"it was made with other settings ({', '.join(differing(record['settings'], settings))})"
    if record["code"] != code:
        return "it was made by other code"
    changed = refresh(path, record)
    inputs = [name for name in changed if name in record["inputs"]]
    if inputs:
        return f"it was made from another {inputs[0]}"
    return "another program has written to it since" if changed else ""


def differing(one: dict, other: dict) -> list[str]:
    """Return the names of the settings that differ, such as `cfg.margin`, sorted."""
    names = []
    for name in sorted({*one, *other}):
        a, b = one.get(name), other.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            names += [f"{name}.{inner}" for inner in differing(a, b)]
        elif a != b:
            names.append(name)
    return names


def chain(path: str | Path) -> tuple[dict[str, dict], list[str]]:
    """Return all records that a record depends on, itself included, by path, and what is wrong with them.

    Each file that a record names and that exists must have the content that the record says, and each input
    that a step made must have a record of its own.
    """
    records, problems, queue = {}, [], [(str(path), "")]
    while queue:
        name, file = queue.pop()
        if name in records:
            continue
        record = read_record(name)
        if record is None:
            problems.append(f"{file or name}: {NO_RECORD}")
            continue
        records[name] = record
        for changed in refresh(name, record):
            problems.append(f"{changed}: not the content that {name} says")
        queue += [(known["record"], file) for file, known in record["inputs"].items() if known.get("record")]
    return records, sorted(set(problems))


def as_option(job: dict) -> str:
    """Return a job as the text of `--record`, compressed if it is long.

    A job has `record` (a path), `step`, `settings`, `code`, `outputs` (paths), and `inputs`: for each path a
    list of the path of its record and the digest of the settings that it must have been made with; null for
    a file that no step makes.
    """
    text = json.dumps(job, sort_keys=True, ensure_ascii=False)
    if len(text) < LONGEST_OPTION:
        return text
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogateescape"))).decode()


def from_option(text: str) -> dict:
    """Return the job that `as_option` gave this text for."""
    if not text.startswith("{"):
        text = zlib.decompress(base64.b64decode(text)).decode("utf-8", "surrogateescape")
    return json.loads(text)


def check_inputs(job: dict, *, accept: bool = False) -> dict[str, dict]:
    """Return the content of each input of a job that exists; the program says what it lacks.

    Raises StaleInput for one that the job must not read; `accept` takes every input as it is.
    """
    inputs = {}
    for name, made in job["inputs"].items():
        record = read_record(made[0]) if made else None
        known = (record or {"outputs": {}})["outputs"].get(name)
        now = content(name, known)
        if now is None:
            continue
        inputs[name] = now | ({"record": made[0]} if made else {})
        if made and not accept and (problem := _input_problem(record, known, now, made[1])):
            raise StaleInput(f"{name}: {problem}; run snakemake again, and it is made anew ({made[0]})")
    return inputs


def _input_problem(record: dict | None, known: dict | None, now: dict, digest: str) -> str:
    if record is None:
        return NO_RECORD
    if settings_digest(record["settings"]) != digest:
        return "it was made with other settings than the config's"
    if known and known["sha256"] != now["sha256"]:
        return "another program has written to it since its record"
    return ""


@contextmanager
def recorded(option: str) -> Iterator[None]:
    """Check the inputs of a job, and write its record if the block ends without an error.

    `option` is the text of `--record`; "" checks and writes nothing. Of several processes of one job the
    first writes it.
    """
    if not option:
        yield
        return
    job = from_option(option)
    inputs = check_inputs(job)
    yield
    changed = [name for name, known in inputs.items() if content(name, known)["sha256"] != known["sha256"]]
    if changed:
        raise StaleInput(f"{changed[0]}: it has changed while it was read; run snakemake again")
    if all(os.environ.get(variable, "0") == "0" for variable in ("RANK", "LOCAL_RANK", "NODE_RANK")):
        _write_record_of(job, inputs)


def _write_record_of(job: dict, inputs: dict[str, dict]) -> None:
    states = {name: content(name) for name in job["outputs"]}
    outputs = {name: state for name, state in states.items() if state}
    described = {key: job[key] for key in ("step", "settings", "code")}
    write_record(job["record"], {**described, "inputs": inputs, "outputs": outputs})


def adopt(job: dict) -> None:
    """Write the record of a job as if it had just made those of its outputs that exist; none if none does."""
    if any(Path(path).exists() for path in job["outputs"]):
        _write_record_of(job, check_inputs(job, accept=True))


def option_of(argv: Sequence[str]) -> str:
    """Return the text of `--record` among a program's arguments; "" if it isn't there or has none."""
    after = argv[argv.index("--record") + 1 :] if "--record" in argv else []
    return after[0] if after and not after[0].startswith("--") else ""
