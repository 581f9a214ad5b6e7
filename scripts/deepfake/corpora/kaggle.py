"""Download the archive of a Kaggle competition or dataset.

Kaggle's client signs in and requests the archive. The bytes are received here, because the client itself
takes an error page that answers a resumed request for the file, and compares only lengths. A partial download
is kept in `.download/<name>/` next to the output, and resumed by range requests (RFC 9110, section 14).
"""

import base64
import errno
import fcntl
import hashlib
import io
import json
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

from deepfake.console import log
from deepfake.corpora.kaggle_credentials import check_permissions, credential_files, scrub
from deepfake.errors import UserError

WAITS = (2, 10, 30, 60)  # s before each retry; after one that brought new bytes they start again
TIMEOUT = 60  # s without a single byte
TRANSIENT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@dataclass(frozen=True)
class KaggleSource:
    """What to download: `kind` is "competition" or "dataset", `name` the name in its address on Kaggle."""

    kind: str
    name: str

    @property
    def page(self) -> str:
        return f"kaggle.com/{self.kind}s/{self.name}"


def parse_source(config: dict) -> KaggleSource:
    """Return the source of `{"competition": name}` or `{"dataset": "owner/slug"}`.

    Raises UserError, naming the key, for other settings.
    """
    given = {key: value for key, value in config.items() if value is not None}
    if len(given) != 1 or not set(given) <= {"competition", "dataset"}:
        raise UserError(f"kaggle: give one key, `competition` or `dataset`, instead of {sorted(given)}")
    [(kind, name)] = given.items()
    pattern = r"[\w-]+" if kind == "competition" else r"[\w-]+/[\w-]+(/\d+)?"
    if not isinstance(name, str) or not re.fullmatch(pattern, name, re.ASCII):
        raise UserError(f"kaggle: {kind}: write it as in {kind}s/… of its address, not {name!r}")
    return KaggleSource(kind, name)


def download(config: dict, output: str | Path, waits: Sequence[float] = WAITS) -> None:
    """Download what `config` names (see `parse_source`) to the zip `output`; resume a partial download.

    `waits` are the seconds before each retry. Raises UserError; no message contains a credential or a signed
    address.
    """
    source, output = parse_source(config), Path(output)
    folder = output.parent / ".download" / output.name
    part = folder / "archive.part"
    check_permissions()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / "lock").open("w") as lock:
            _acquire(lock)
            _fetch_checked(source, part, waits)
            os.replace(part, output)
            shutil.rmtree(folder)
    except UserError:
        raise
    except Exception as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(f"{folder}: the disk is full; make room and run again to resume") from None
        if (trace := traceback.format_exc()) != (safe := scrub(trace)):
            raise UserError(f"unexpected error, shown without secrets:\n{safe}") from None
        raise
    with suppress(OSError):  # the folder of another output may be in it
        folder.parent.rmdir()


def check_archive(path: Path, size: int | None = None, md5: str | None = None) -> None:
    """Raise UserError unless `path` has `size` bytes, the base64 `md5`, and is a zip with all its members.

    Checksums of members are checked by the step that unpacks them, which reads every byte anyway.
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


def _fetch_checked(source: KaggleSource, part: Path, waits: Sequence[float]) -> None:
    """Download to `part` and check it; download again if it was resumed and is corrupt."""
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


def _fetch(source: KaggleSource, part: Path, waits: Sequence[float]) -> dict:
    """Download to `part`, with retries, and return the identity of the remote file (see `_receive`)."""
    failures = 0
    while True:
        before = _length(part)
        try:
            # The client prints notices and, where VERBOSE is set, headers, which must not be logged.
            with redirect_stdout(io.StringIO()):
                _request(source, lambda response: _receive(response, part))
            return json.loads(part.with_suffix(".json").read_text())
        except requests.RequestException as error:
            if message := _permanent(error, source):
                raise UserError(message) from None
            reason = scrub(f"{type(error).__name__}: {error}")
        failures = 1 if _length(part) > before else failures + 1
        if failures > len(waits):
            kept = f"{_length(part)} bytes are kept, run again to resume"
            raise UserError(f"{source.page}: the network failed {failures} times, with {reason}; {kept}")
        log.warning("%s; trying again in %g s", reason, waits[failures - 1])
        time.sleep(waits[failures - 1])


def _request(source: KaggleSource, receive: Callable[[requests.Response], None]) -> None:
    """Let Kaggle's client sign in and request the archive, and pass its response to `receive`."""
    os.environ.update(VERBOSE="", VERBOSE_OUTPUT="")  # otherwise the client shows its headers, with the key
    try:  # importing the client signs in already, but hides errors: hence again below
        from kaggle.api.kaggle_api_extended import KaggleApi
    except (ImportError, OSError) as error:
        advice = (
            "install the package that is missing, or set KAGGLE_CONFIG_DIR to a folder that can be written"
        )
        raise UserError(f"Kaggle's client cannot be loaded, {advice}: {scrub(str(error))}") from None

    class Client(KaggleApi):
        def build_kaggle_client(self):
            client = super().build_kaggle_client()
            session = client.http_client().__enter__()._session  # the client sets no timeout
            session.send = partial(session.send, timeout=TIMEOUT)
            return client

        def download_file(self, response, *_args, **_settings):
            receive(response)

    client = Client()
    try:
        client.authenticate()
    except SystemExit:
        found = ", ".join(map(str, credential_files())) or "none"
        raise UserError(
            f"no credentials that Kaggle accepts (files: {found}). Make a token on kaggle.com/settings, save "
            "it as ~/.kaggle/kaggle.json, `chmod 600 ~/.kaggle/kaggle.json`; or set KAGGLE_USERNAME and "
            f"KAGGLE_KEY. Or by hand: download the zip from {source.page} in a browser to any folder, set "
            "`archives:` of this corpus in the config to its path"
        ) from None
    log.info("requesting %s %s from Kaggle", source.kind, source.name)
    if source.kind == "competition":
        client.competition_download_files(source.name, path=os.curdir, force=True)
    else:
        client.dataset_download_files(source.name, path=os.curdir, force=True, unzip=False)


def _receive(response: requests.Response, part: Path) -> None:
    """Write the response to `part`, after the bytes that are there already if they are of the same file."""
    headers = response.headers
    md5 = re.search(r"md5=([\w+/]+=*)", headers.get("x-goog-hash", ""))
    identity = {
        "validator": headers.get("ETag") or headers.get("Last-Modified"),
        "size": int(headers["Content-Length"]) if "Content-Length" in headers else None,
        "md5": md5[1] if md5 else headers.get("Content-MD5"),
    }
    size, offset = identity["size"], _usable_bytes(part, identity)
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


def _usable_bytes(part: Path, identity: dict) -> int:
    """Return how many bytes of the remote file `identity` are in `part`; delete those of another file."""
    marker, length = part.with_suffix(".json"), _length(part)
    is_known = identity["validator"] and identity["size"] and marker.exists()  # else nothing proves it
    if is_known and marker.read_text() == json.dumps(identity) and length <= identity["size"]:
        return length
    if length:
        log.warning("the partial download is not of the file that Kaggle offers now: begun from zero")
    part.unlink(missing_ok=True)
    marker.write_text(json.dumps(identity))
    return 0


def _rest(first: requests.Response, offset: int, identity: dict) -> requests.Response:
    """Request the bytes of the same file from `offset` on."""
    headers = {**first.request.headers, "Range": f"bytes={offset}-", "If-Range": identity["validator"]}
    answer = requests.request(first.request.method, first.url, headers=headers, stream=True, timeout=TIMEOUT)
    answer.raise_for_status()
    expected = f"bytes {offset}-{identity['size'] - 1}/{identity['size']}"
    if answer.status_code != 200 and answer.headers.get("Content-Range") != expected:
        raise requests.ConnectionError(f"requested {expected}, got {answer.headers.get('Content-Range')}")
    return answer


def _with_progress(chunks: Iterable[bytes], done: int, size: int | None) -> Iterator[bytes]:
    """Yield `chunks`, with a bar on a terminal, or else a log line every tenth of `size` or 30 s."""
    logged, logged_at = done, time.monotonic()
    with tqdm(total=size, initial=done, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
        for chunk in chunks:
            yield chunk
            done += len(chunk)
            bar.update(len(chunk))
            tenth = size and done * 10 // size > logged * 10 // size
            if bar.disable and (tenth or time.monotonic() - logged_at > 30):
                log.info("%.1f of %s MB", done / 1e6, f"{size / 1e6:.1f}" if size else "unknown")
                logged, logged_at = done, time.monotonic()


def _acquire(lock: io.TextIOWrapper) -> None:
    """Lock the folder of `lock` against a second process, such as one that outlived an earlier run."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"{lock.name}: another process downloads this; wait for it or end it") from None
    except OSError:
        log.warning("%s: this file system has no locks; let only one download run", lock.name)


def _permanent(error: requests.RequestException, source: KaggleSource) -> str | None:
    """Return the message for an error that a retry can't solve; None for an error that it may solve."""
    response = error.response
    if response is None:
        text = f"no request made ({type(error).__name__}): look at the credentials and the proxy settings"
        return None if isinstance(error, TRANSIENT) else text
    status = response.status_code
    if status == 429 or status >= 500 or response.request.method != "POST":
        return None  # POST goes to Kaggle only; its file store gets a new address with each retry
    rules = "/rules" if source.kind == "competition" else ""
    advice = {
        401: "the credentials are not valid (any more): make a new token on kaggle.com/settings",
        403: f"open {source.page}{rules} with the same account and accept the rules or terms, if it exists",
        404: f"there is no such {source.kind}; write its name as in its address, {source.page}",
    }.get(status, f"see whether {source.page} can be downloaded in a browser")
    return f"Kaggle refused {source.kind} {source.name} with {status}: {advice}. It said: {scrub(str(error))}"
