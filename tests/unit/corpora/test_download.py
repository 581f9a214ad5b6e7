"""scripts/download.py with Kaggle's real client, against a local server in place of Kaggle and its file
store.

KAGGLE_API_ENVIRONMENT=LOCALHOST makes the client ask http://localhost, and HTTP_PROXY sends that, and the
requests to the store that Kaggle redirects to, to the local server on a free port. (The client ignores TEST,
with port 7777.)
"""

import base64
import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deepfake.corpora.kaggle import parse_source
from deepfake.errors import UserError

ROOT = Path(__file__).parents[3]
KEY = "0123456789abcdef0123456789abcdef"
COMPETITION = {"competition": "deepfake-detection-challenge"}
DATASET = {"dataset": "some-owner/some-set"}
QUICK = (  # the program, with shorter waits
    "-c",
    "import download as d, functools, sys;"
    "d.download = functools.partial(d.download, waits=(0.1, 0.1)); sys.exit(d.run(d.main))",
)
SERVICES = {
    "competitions.CompetitionApiService/DownloadDataFiles": {"competitionName": COMPETITION["competition"]},
    "datasets.DatasetApiService/DownloadDataset": {"ownerSlug": "some-owner", "datasetSlug": "some-set"},
}


def archive(seed: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as zipped:
        for name in "abcde":
            content = random.Random(f"{seed}{name}").randbytes(1 << 20)
            zipped.writestr(f"train_sample_videos/{name}.mp4", content)
    return target.getvalue()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        kaggle = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kaggle.seen.append(self)
        if kaggle.refusal:
            return self.answer(kaggle.refusal, {"code": kaggle.refusal, "message": f"no, {KEY} may not"})
        if self.path.endswith("security.OAuthService/IntrospectToken"):
            return self.answer(200, {"active": json.loads(body)["token"] == KEY, "username": "me"})
        basic = "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode()
        if self.headers["Authorization"] not in (basic, f"Bearer {KEY}"):
            return self.answer(401, {"code": 401, "message": "Unauthenticated"})
        expected = SERVICES.get(self.path.removeprefix("http://localhost/api/v1/"))
        if expected is None or expected.items() - json.loads(body).items():
            return self.answer(404, {"code": 404, "message": "Not found"})
        self.send_response(302)
        self.send_header("Location", f"http://store.test/archive.zip?X-Goog-Signature={len(kaggle.seen)}")
        self.end_headers()

    def answer(self, status: int, message: dict) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(message).encode())

    def do_GET(self):
        kaggle, start, self.sent = self.server, 0, 0
        kaggle.seen.append(self)
        if kaggle.store_errors and (error := kaggle.store_errors.pop()):
            return self.send_error(error)
        if "Range" in self.headers and self.headers["If-Range"] == kaggle.etag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        rest = kaggle.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(kaggle.body) - 1}/{len(kaggle.body)}")
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("ETag", kaggle.etag)
        if kaggle.md5:
            self.send_header("x-goog-hash", f"crc32c=AAAAAA==,md5={kaggle.md5}")
        self.end_headers()
        end = kaggle.cuts.pop() if kaggle.cuts else len(rest)
        self.sent = self.wfile.write(rest[:end])
        self.wfile.flush()
        if end < len(rest):
            kaggle.release.wait(20)

    def log_message(self, *_):
        pass


@pytest.fixture
def kaggle():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.cuts, server.store_errors, server.refusal = [], [], [], None
    server.body, server.etag, server.md5 = archive(1), '"one"', None
    server.release = threading.Event()  # set: a cut closes the connection at once, instead of stalling
    server.release.set()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def cli(kaggle, tmp_path):
    """Return a function that runs the program with a separate home folder that has a valid key file."""
    home = tmp_path / "home"
    (home / ".kaggle").mkdir(parents=True)
    key_file = home / ".kaggle" / "kaggle.json"
    key_file.write_text(json.dumps({"username": "me", "key": KEY}))
    key_file.chmod(0o600)
    output = tmp_path / "resources" / "dfdc" / "download.zip"

    def start(config=COMPETITION, program=("scripts/download.py",), **env) -> subprocess.Popen:
        command = [sys.executable, *program, "--config", json.dumps(config), "--output", str(output)]
        clean = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": "scripts",
            "HTTP_PROXY": f"http://127.0.0.1:{kaggle.server_port}",
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=clean | env, stdout=pipe, stderr=pipe, text=True)

    def run(*args, **env) -> tuple[int, str]:
        process = start(*args, **env)
        out, err = process.communicate(timeout=60)
        assert out == ""
        assert KEY not in err and "Signature" not in err
        assert base64.b64encode(f"me:{KEY}".encode()).decode() not in err
        return process.returncode, err

    run.start, run.output, run.key_file = start, output, key_file
    run.partial = output.parent / ".download" / output.name / "archive.part"
    return run


def downloads(kaggle) -> list[Handler]:
    return [request for request in kaggle.seen if request.command == "GET"]


def assert_refused(result: tuple[int, str], cli, *messages: str) -> None:
    code, err = result
    assert code == 1 and not cli.output.exists()
    assert "Traceback" not in err
    assert all(message in err for message in messages), err


@pytest.mark.parametrize("config", [COMPETITION, DATASET])
def test_download_gives_the_exact_bytes(kaggle, cli, config):
    kaggle.md5 = base64.b64encode(hashlib.md5(kaggle.body).digest()).decode()
    code, err = cli(config, VERBOSE="true")
    assert code == 0, err
    assert cli.output.read_bytes() == kaggle.body
    assert [path.name for path in cli.output.parent.iterdir()] == ["download.zip"]
    assert "MB" in err and "\r" not in err
    assert [request.headers["Authorization"] for request in downloads(kaggle)] == [None]


@pytest.mark.parametrize("place", ["value", "file", "home"])
def test_a_token_may_be_in_a_variable_a_file_or_the_home_folder(kaggle, cli, place):
    token = cli.key_file.rename(cli.key_file.with_name("access_token" if place == "home" else "elsewhere"))
    token.write_text(KEY)
    assert cli(KAGGLE_API_TOKEN={"value": KEY, "file": str(token), "home": ""}[place])[0] == 0


def test_killed_run_is_resumed(kaggle, cli):
    kaggle.release.clear()
    kaggle.cuts = [3 << 20]
    process = cli.start()
    deadline = time.monotonic() + 20
    while not (cli.partial.exists() and cli.partial.stat().st_size >= 2 << 20):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    code, err = cli()
    assert code == 1 and "another process" in err
    process.kill()
    process.communicate()
    assert not cli.output.exists()
    kept = cli.partial.stat().st_size
    code, err = cli()
    assert code == 0, err
    assert cli.output.read_bytes() == kaggle.body
    resumed = downloads(kaggle)[-1]
    assert resumed.headers["Range"] == f"bytes={kept}-" and resumed.sent == len(kaggle.body) - kept


def test_a_cut_connection_is_resumed_within_the_run_despite_errors_of_the_store(kaggle, cli):
    kaggle.cuts, kaggle.store_errors = [3 << 20], [None, 503, None]
    code, err = cli(COMPETITION, QUICK)
    assert code == 0, err
    assert "trying again" in err
    assert cli.output.read_bytes() == kaggle.body
    assert int(downloads(kaggle)[-1].headers["Range"][6:-1]) >= 2 << 20


def leave_partial(kaggle, cli, content: bytes) -> None:
    """Write what a killed run leaves: `content`, marked as part of the file that the store has now."""
    cli.partial.parent.mkdir(parents=True)
    cli.partial.write_bytes(content)
    identity = {"validator": kaggle.etag, "size": len(kaggle.body), "md5": None}
    cli.partial.with_suffix(".json").write_text(json.dumps(identity))


def test_a_partial_download_of_a_changed_file_is_deleted(kaggle, cli):
    leave_partial(kaggle, cli, kaggle.body[: 2 << 20])
    kaggle.body, kaggle.etag = archive(2), '"two"'
    code, err = cli()
    assert code == 0, err
    assert "begun from zero" in err
    assert cli.output.read_bytes() == kaggle.body


@pytest.mark.parametrize("length", [2 << 20, None], ids=["part", "full length"])
def test_a_corrupt_partial_download_is_deleted_once(kaggle, cli, length):
    leave_partial(kaggle, cli, bytes(length or len(kaggle.body)))
    code, err = cli()
    assert code == 0, err
    assert "thrown away" in err
    assert cli.output.read_bytes() == kaggle.body


@pytest.mark.parametrize("damage", ["truncated", "page", "other hash"])
def test_corrupt_archive_is_refused(kaggle, cli, damage):
    if damage == "truncated":
        kaggle.body = kaggle.body[:-1000]
    elif damage == "page":
        kaggle.body = b"<html>Please sign in</html>"
    else:
        kaggle.md5 = "A" * 22 + "=="
    assert_refused(cli(), cli, "thrown away", "MD5" if damage == "other hash" else "no readable zip")
    assert not cli.partial.exists()


def test_a_network_failure_is_reported_and_the_partial_download_kept(kaggle, cli):
    kaggle.cuts = [0, 0, 0, 0, 3 << 20]
    assert_refused(cli(COMPETITION, QUICK), cli, "network failed 3 times", "resume")
    assert cli.partial.stat().st_size >= 2 << 20


def test_without_credentials(kaggle, cli):
    cli.key_file.unlink()
    assert_refused(cli(), cli, "no credentials", "chmod 600", "archives:", "kaggle.com/competitions/deepfake")
    assert kaggle.seen == []


@pytest.mark.parametrize("place", ["kaggle.json", "access_token", "credentials.json", "config", "xdg", "env"])
def test_credentials_that_others_can_read_are_refused(kaggle, cli, tmp_path, place):
    env, path = {}, cli.key_file.with_name(place)
    if place == "config":
        path, env = tmp_path / "kaggle.json", {"KAGGLE_CONFIG_DIR": str(tmp_path)}
    elif place == "xdg":
        path, env = tmp_path / "xdg" / "kaggle" / "kaggle.json", {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
        path.parent.mkdir(parents=True)
        cli.key_file.unlink()
        cli.key_file.parent.rmdir()
    elif place == "env":
        env = {"KAGGLE_API_TOKEN": str(path)}
    path.write_text(json.dumps({"username": "me", "key": KEY}))
    path.chmod(0o604 if place == "kaggle.json" else 0o640)
    assert_refused(cli(**env), cli, f"chmod 600 {path}")
    assert kaggle.seen == []


@pytest.mark.parametrize(
    "status, config, messages",
    [
        (401, COMPETITION, ["not valid", "kaggle.com/settings"]),
        (403, COMPETITION, ["kaggle.com/competitions/deepfake-detection-challenge/rules", "accept"]),
        (403, DATASET, ["kaggle.com/datasets/some-owner/some-set"]),
        (404, COMPETITION, ["no such competition"]),
    ],
)
def test_refusal_by_kaggle_is_explained_without_the_key(kaggle, cli, status, config, messages):
    kaggle.refusal = status
    assert_refused(cli(config), cli, *messages)
    assert len(kaggle.seen) == 1  # a retry would not help


@pytest.mark.parametrize("token", [f"{KEY}\n{KEY}", KEY * 10], ids=["line break", "too long for a file name"])
def test_a_token_that_cannot_be_sent_is_not_logged(kaggle, cli, token):
    code, err = cli(KAGGLE_API_TOKEN=token)
    assert code == 1 and re.match(r"[\d-]+ [\d:,]+ ERROR ", err)


@pytest.mark.parametrize("config", [{}, {"competition": "a/b"}, {"dataset": "../x"}, COMPETITION | DATASET])
def test_wrong_config_names_the_key(config):
    with pytest.raises(UserError, match="competition" if "dataset" not in config else "dataset"):
        parse_source(config)
