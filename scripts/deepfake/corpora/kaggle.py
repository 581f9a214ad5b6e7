"""The archive of a Kaggle competition or dataset, downloaded whole or not at all.

Kaggle's own client signs in and asks for the archive. The bytes are received here, because the client's own
loop keeps an error page that answers a resumed request as if it were the file, and compares only lengths.
What has arrived waits in `.download/<name>/` next to the output, to be resumed by ranges (RFC 9110, 14).
"""

import base64
import errno
import fcntl
import hashlib
import io
import json
import logging
import os
import re
import shutil
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests
from tqdm import tqdm

from deepfake.errors import UserError

log = logging.getLogger(__name__)

WAITS = (2, 10, 30, 60)  # s before each further try; a try that brought new bytes starts them over
TIMEOUT = 60  # s without a single byte
PASSING = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@dataclass(frozen=True)
class Source:
    """What to download: `kind` is "competition" or "dataset", `name` the name in its address on Kaggle."""

    kind: str
    name: str

    @property
    def page(self) -> str:
        return f"kaggle.com/{self.kind}s/{self.name}"


def source_of(config: dict) -> Source:
    """Read `{"competition": name}` or `{"dataset": "owner/slug"}`; UserError names a wrong key."""
    given = {key: value for key, value in config.items() if value is not None}
    if len(given) != 1 or not set(given) <= {"competition", "dataset"}:
        raise UserError(f"kaggle: give one key, `competition` or `dataset`, instead of {sorted(given)}")
    [(kind, name)] = given.items()
    pattern = r"[\w-]+" if kind == "competition" else r"[\w-]+/[\w-]+(/\d+)?"
    if not isinstance(name, str) or not re.fullmatch(pattern, name, re.ASCII):
        raise UserError(f"kaggle: {kind}: write it as in {kind}s/… of its address, not {name!r}")
    return Source(kind, name)


def download(config: dict, output: str | Path, waits: Sequence[float] = WAITS) -> None:
    """Download what `config` names (see `source_of`) to the zip `output`, resuming what an earlier try left.

    `waits` are the seconds before each further try. No error's text holds a credential or a signed address.
    """
    source, output = source_of(config), Path(output)
    folder = output.parent / ".download" / output.name
    part = folder / "archive.part"
    for path in _credential_files():
        if path.stat().st_mode & 0o077:
            raise UserError(f"{path} holds credentials that others can read: run `chmod 600 {path}`")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / "lock").open("w") as lock:
            _hold(lock)
            _fetch_checked(source, part, waits)
            os.replace(part, output)
            shutil.rmtree(folder)
    except UserError:
        raise
    except Exception as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(f"{folder}: the disk is full; make room and run again to resume") from None
        if (trace := traceback.format_exc()) != (safe := scrub(trace)):
            raise UserError(f"unexpected error, shown without what is secret:\n{safe}") from None
        raise
    with suppress(OSError):  # another output's folder may be in it
        folder.parent.rmdir()


def check_archive(path: Path, size: int | None = None, md5: str | None = None) -> None:
    """Raise UserError unless `path` has `size` bytes, the base64 `md5`, and is a zip with sound members.

    The contents' checksums are left to the step that unpacks them, which reads every byte anyway.
    """
    if size not in (None, path.stat().st_size):
        raise UserError(f"the archive has {path.stat().st_size} bytes where Kaggle announced {size}")
    with path.open("rb") as file:
        if md5 and base64.b64encode(hashlib.file_digest(file, "md5").digest()).decode() != md5:
            raise UserError("the archive's MD5 differs from the one that Kaggle sent with it")
        try:
            members = zipfile.ZipFile(file).infolist()
            for member in members[:: len(members) // 1000 + 1]:  # a corpus can have a million
                file.seek(member.header_offset)
                if file.read(4) != b"PK\3\4":
                    raise zipfile.BadZipFile(f"{member.filename} does not begin where it should")
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
            raise UserError(f"what Kaggle sent is no readable zip archive: {error}") from None


def _fetch_checked(source: Source, part: Path, waits: Sequence[float]) -> None:
    for once_more in (True, False):
        resumed = _length(part) > 0
        identity = _fetch(source, part, waits)
        log.info("checking %d bytes", _length(part))
        try:
            return check_archive(part, identity["size"], identity["md5"])
        except UserError as error:
            part.unlink()
            if not (resumed and once_more):
                raise UserError(f"{source.page}: {error}; it was thrown away") from None
            log.warning("%s; the resumed download is thrown away and begun from zero", error)


def _fetch(source: Source, part: Path, waits: Sequence[float]) -> dict:
    failures = 0
    while True:
        before = _length(part)
        try:
            # The client prints notices and, where VERBOSE is set, headers: none of it belongs in a log.
            with redirect_stdout(io.StringIO()):
                _ask(source, lambda response: _receive(response, part))
            return json.loads(part.with_suffix(".json").read_text())
        except requests.RequestException as error:
            if message := _final(error, source):
                raise UserError(message) from None
            reason = scrub(f"{type(error).__name__}: {error}")
        failures = 1 if _length(part) > before else failures + 1
        if failures > len(waits):
            kept = f"{_length(part)} bytes are kept, run again to resume"
            raise UserError(f"{source.page}: the network failed {failures} times, with {reason}; {kept}")
        log.warning("%s; trying again in %g s", reason, waits[failures - 1])
        time.sleep(waits[failures - 1])


def _ask(source: Source, receive: Callable[[requests.Response], None]) -> None:
    """Have Kaggle's client sign in and ask for the archive, and hand its response to `receive`."""
    os.environ.update(VERBOSE="", VERBOSE_OUTPUT="")  # else the client shows its headers, with the key
    try:  # importing the client signs in already, but swallows what goes wrong: hence again below
        from kaggle.api.kaggle_api_extended import KaggleApi
    except (ImportError, OSError) as error:
        advice = "install the package it misses, or set KAGGLE_CONFIG_DIR to a folder that can be written"
        raise UserError(f"Kaggle's client cannot be loaded, {advice}: {scrub(str(error))}") from None

    class Client(KaggleApi):
        def build_kaggle_client(self):
            client = super().build_kaggle_client()
            session = client.http_client().__enter__()._session  # the client sets no time limit in it
            session.send = partial(session.send, timeout=TIMEOUT)
            return client

        def download_file(self, response, *_args, **_settings):
            receive(response)

    client = Client()
    try:
        client.authenticate()
    except SystemExit:
        found = ", ".join(map(str, _credential_files())) or "none"
        raise UserError(
            f"no credentials that Kaggle accepts (files: {found}). Make a token on kaggle.com/settings, save "
            "it as ~/.kaggle/kaggle.json, `chmod 600 ~/.kaggle/kaggle.json`; or set KAGGLE_USERNAME and "
            f"KAGGLE_KEY. Or by hand: download the zip from {source.page} in a browser to any folder, set "
            "`archives:` of this corpus in the config to its path"
        ) from None
    log.info("asking Kaggle for %s %s", source.kind, source.name)
    if source.kind == "competition":
        client.competition_download_files(source.name, path=os.curdir, force=True)
    else:
        client.dataset_download_files(source.name, path=os.curdir, force=True, unzip=False)


def _receive(response: requests.Response, part: Path) -> None:
    headers = response.headers
    md5 = re.search(r"md5=([\w+/]+=*)", headers.get("x-goog-hash", ""))
    identity = {
        "validator": headers.get("ETag") or headers.get("Last-Modified"),
        "size": int(headers["Content-Length"]) if "Content-Length" in headers else None,
        "md5": md5[1] if md5 else headers.get("Content-MD5"),
    }
    size, offset = identity["size"], _keep(part, identity)
    if offset:
        log.info("resuming after %d of %d bytes", offset, size)
        response.close()
        if offset == size:
            return
        response = _rest(response, offset, identity)
        offset *= response.status_code == 206  # 200: the server chose to send all of it
    if (missing := (size or 0) - offset) > (free := shutil.disk_usage(part.parent).free):
        raise UserError(f"{part}: {missing} bytes are still to come, but only {free} are free")
    with response, part.open("ab" if offset else "wb") as out:
        for chunk in _with_progress(response.iter_content(1 << 20), offset, size):
            out.write(chunk)


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _keep(part: Path, identity: dict) -> int:
    """How many bytes `part` has of the remote file that `identity` describes; those of another go."""
    marker, length = part.with_suffix(".json"), _length(part)
    sure = identity["validator"] and identity["size"] and marker.exists()  # else nothing proves it
    if sure and marker.read_text() == json.dumps(identity) and length <= identity["size"]:
        return length
    if length:
        log.warning("what an earlier try left is not of the file that Kaggle offers now: begun from zero")
    part.unlink(missing_ok=True)
    marker.write_text(json.dumps(identity))
    return 0


def _rest(first: requests.Response, offset: int, identity: dict) -> requests.Response:
    headers = {**first.request.headers, "Range": f"bytes={offset}-", "If-Range": identity["validator"]}
    answer = requests.request(first.request.method, first.url, headers=headers, stream=True, timeout=TIMEOUT)
    answer.raise_for_status()
    wanted = f"bytes {offset}-{identity['size'] - 1}/{identity['size']}"
    if answer.status_code != 200 and answer.headers.get("Content-Range") != wanted:
        raise requests.ConnectionError(f"asked for {wanted}, got {answer.headers.get('Content-Range')}")
    return answer


def _with_progress(chunks: Iterable[bytes], done: int, size: int | None) -> Iterator[bytes]:
    """Pass `chunks` on, with a bar on a terminal, or else a log line every tenth of `size` or 30 s."""
    said, when = done, time.monotonic()
    with tqdm(total=size, initial=done, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
        for chunk in chunks:
            yield chunk
            done += len(chunk)
            bar.update(len(chunk))
            tenth = size and done * 10 // size > said * 10 // size
            if bar.disable and (tenth or time.monotonic() - when > 30):
                log.info("%.1f of %s MB", done / 1e6, f"{size / 1e6:.1f}" if size else "unknown")
                said, when = done, time.monotonic()


def _hold(lock: io.TextIOWrapper) -> None:
    """Hold the folder of `lock` against a second writer, such as one that outlived the run that began it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"{lock.name}: another process downloads this; wait for it or end it") from None
    except OSError:
        log.warning("%s: this file system has no locks; let only one download run", lock.name)


def _final(error: requests.RequestException, source: Source) -> str | None:
    """What to say of an error that another try would not mend; None for one that it may."""
    response = error.response
    if response is None:
        text = f"no request made ({type(error).__name__}): look at the credentials and the proxy settings"
        return None if isinstance(error, PASSING) else text
    status = response.status_code
    if status == 429 or status >= 500 or response.request.method != "POST":
        return None  # only Kaggle is sent POST; a store that it leads to gets a fresh address at the next try
    rules = "/rules" if source.kind == "competition" else ""
    advice = {
        401: "the credentials are not valid (any more): make a new token on kaggle.com/settings",
        403: f"open {source.page}{rules} with the same account and accept the rules or terms, if it exists",
        404: f"there is no such {source.kind}; write its name as in its address, {source.page}",
    }.get(status, f"see whether {source.page} can be downloaded in a browser")
    return f"Kaggle refused {source.kind} {source.name} with {status}: {advice}. It said: {scrub(str(error))}"


def _credential_files() -> list[Path]:
    """The files that exist among all those in which Kaggle's client looks for credentials."""
    home, env = Path.home() / ".kaggle", os.environ
    fallback = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    folder = Path(env.get("KAGGLE_CONFIG_DIR") or (home if home.exists() else fallback))
    paths = [folder / "kaggle.json", home / "kaggle.json", home / "credentials.json"]
    paths += [home / "access_token", home / "access_token.txt"]
    paths += [Path(env[key]) for key in ("KAGGLE_API_TOKEN", "KAGGLE_API_V1_TOKEN") if env.get(key)]
    return [path for path in dict.fromkeys(paths) if os.path.isfile(path)]


def scrub(text: str) -> str:
    """`text` without credentials: those in Kaggle's places, in headers, and in the queries of addresses."""
    secrets = [value for key, value in os.environ.items() if re.fullmatch(r"KAGGLE_\w*(KEY|TOKEN)", key)]
    for path in _credential_files():
        with suppress(OSError):
            content = path.read_text(errors="replace").strip()
            secrets += [content, *re.findall(r'(?:key|token)"\s*:\s*"([^"]+)"', content)]
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return re.sub(r"(?i)(\b(?:basic|bearer)\s+|[\w/]\?)[^\s'\"]+", r"\1***", text)
