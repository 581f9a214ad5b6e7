"""The local page: its form, its answers, and what hostile requests and files get."""

import io
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import browser
import pytest
from conftest import ROOT
from made import media as made
from made.programs import run_program

from deepfake.app.guard import HEADERS
from deepfake.app.jobs import Jobs
from deepfake.app.judge import judge_with, shown_name, stored_name
from deepfake.app.server import FULL, make_app
from deepfake.checkpoints.open_model import open_model
from deepfake.detection.media import LIMITS
from deepfake.detection.preprocessing import preprocessing_of

pytestmark = pytest.mark.usefixtures("one_thread")
browse = browser.browse

EVIL = '../../<script>alert(1)</script>\u202egpj".mp4'
URL = "http://127.0.0.1:7860"
OWN = {"Origin": URL}


class Echo:
    """Judges a file by its name and size, once it is let go."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.began = threading.Event()

    def __call__(self, folder: Path, name: str) -> str:
        self.began.set()
        self.go.wait()
        (path,) = folder.iterdir()
        return f"judged {path.name}, {path.stat().st_size} bytes"


@pytest.fixture
def judge():
    return Echo()


@pytest.fixture
def client(judge, tmp_path):
    jobs = Jobs(judge, tmp_path, most=1)
    yield make_app(jobs, 0.1, {"Network": "<b>"}).test_client()
    jobs.close()
    judge.go.set()


def send(
    client, data: bytes = b"x" * 1000, name: str = "a.mp4", field: str = "media", headers: dict | None = None
):
    files = {field: (io.BytesIO(data), name)}
    return client.post("/", base_url=URL, data=files, headers=OWN if headers is None else headers)


def result(client, address: str) -> str:
    """The page at an address, once the file is judged."""
    while "Refresh" in (found := client.get(address, base_url=URL)).headers:
        threading.Event().wait(0.01)
    return found.text


def test_the_form_names_the_limit_and_the_model(client):
    found = client.get("/", base_url=URL)
    assert found.status_code == 200 and "up to 0.1 MB" in found.text
    assert "&lt;b&gt;" in found.text and "<script" not in found.text
    assert {key: found.headers[key] for key in HEADERS} == HEADERS
    assert "Access-Control-Allow-Origin" not in found.headers


def test_a_file_is_judged_under_its_own_address_and_deleted(client, tmp_path):
    sent = send(client)
    assert sent.status_code == 303 and re.fullmatch(r"/jobs/[\w-]{20,}", sent.headers["Location"])
    assert result(client, sent.headers["Location"]) == "judged upload.mp4, 1000 bytes"
    assert list(tmp_path.iterdir()) == []


def test_who_waits_sees_it_and_when_too_many_wait_the_next_is_told(client, judge, tmp_path):
    judge.go.clear()
    first = send(client).headers["Location"]
    judge.began.wait()
    second = send(client, name="b.mp4").headers["Location"]
    page = client.get(second, base_url=URL)
    assert "1 file is before it" in page.text and page.headers["Refresh"] == "1"
    assert "judged, for" in client.get(first, base_url=URL).text
    third = send(client, name="c.mp4")
    assert third.status_code == 503 and FULL in third.text and len(list(tmp_path.iterdir())) == 2
    judge.go.set()
    assert result(client, second).startswith("judged")


@pytest.mark.parametrize(
    "request_of, status",
    [
        (lambda c: send(c, b"x" * 200_000), 413),
        (lambda c: send(c, headers={}), 403),
        (lambda c: send(c, headers={"Origin": "http://evil.example"}), 403),
        (lambda c: send(c, headers={"Origin": "null"}), 403),
        (lambda c: send(c, headers=OWN | {"Sec-Fetch-Site": "cross-site"}), 403),
        (lambda c: c.get("/", base_url="http://evil.example:7860"), 403),
        (lambda c: send(c, name=""), 400),
        (lambda c: send(c, field="other"), 400),
        (lambda c: c.post("/", base_url=URL, data={"media": "text"}, headers=OWN), 400),
        (lambda c: c.post("/", base_url=URL, data=b"no form", headers=OWN), 400),
        (lambda c: c.post("/", base_url=URL, data={"media": [(io.BytesIO(b"x"), n) for n in "ab"]},
                          headers=OWN), 400),
        (lambda c: c.post("/", base_url=URL, data={f"n{n}": "x" for n in range(50)}, headers=OWN), 400),
        (lambda c: c.delete("/", base_url=URL, headers=OWN), 405),
        (lambda c: c.get("/jobs/unknown", base_url=URL), 404),
        (lambda c: c.get("/jobs/../../etc/passwd", base_url=URL), 404),
        (lambda c: c.get("/static/style.css", base_url=URL), 404),
    ],
)  # fmt: skip
def test_what_is_refused_has_the_reason_on_a_page_and_leaves_no_file(client, tmp_path, request_of, status):
    found = request_of(client)
    assert found.status_code == status and 'role="alert"' in found.text
    assert {key: found.headers[key] for key in HEADERS} == HEADERS
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name, shown, stored",
    [
        ("clip.MP4", "clip.MP4", "upload.mp4"),
        ("../../etc/passwd", "passwd", "upload"),
        (r"C:\Users\me\a.png", "a.png", "upload.png"),
        ("a/..", "..", "upload"),
        ("..", "..", "upload"),
        (".mp4", ".mp4", "upload"),
        ("x.mp4/", "file", "upload"),
        ("a.tar.gz\0.png", "a.tar.gz\\x00.png", "upload.png"),
        ("a." + "b" * 500, "a." + "b" * 118, "upload"),
    ],
)
def test_of_a_name_only_its_last_part_is_shown_and_its_ending_stored(name, shown, stored):
    assert (shown_name(name), stored_name(name)) == (shown, stored)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("app")
    made.write_model(folder / "best.pt")
    made.write_video(folder / "clip.mp4", made.person(0, 8))
    made.write_image(folder / "face.png", made.person(1, 1)[0])
    return folder


@pytest.fixture(scope="module")
def judged(folder):
    """The function that judges a file by the real model, and returns its page."""
    model = open_model(folder / "best.pt")
    judge = judge_with(model, preprocessing_of(model.metadata), LIMITS, workers=1, bootstrap=50)

    def of_file(data: bytes, name: str, own: Path) -> str:
        (own / stored_name(name)).write_bytes(data)
        return judge(own, shown_name(name))

    return of_file


def test_a_picture_gets_its_page_with_faces_and_grad_cam(judged, folder, tmp_path):
    page = judged((folder / "face.png").read_bytes(), EVIL.replace("mp4", "png"), tmp_path)
    assert "Grad-CAM of person 1" in page and '<a href="/">Another file</a>' in page
    assert "<script" not in page and "\u202e" not in page and str(tmp_path) not in page


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 100, b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + b"\xff" * 200],
    ids=["empty", "zeros", "svg", "cut off"],
)
def test_what_is_no_media_is_said_so(judged, tmp_path, data):
    page = judged(data, "a.mp4", tmp_path)
    assert "1 could not be judged" in page and str(tmp_path) not in page


def test_an_archive_is_refused(judged, folder, tmp_path):
    zipped = made.write_zip(tmp_path / "a.zip", {"face.png": (folder / "face.png").read_bytes()})
    (tmp_path / "own").mkdir()
    with pytest.raises(ValueError, match="an archive"):
        judged(zipped.read_bytes(), "a.zip", tmp_path / "own")


@pytest.fixture(scope="module")
def served(folder):
    """The address of the page, served by the program as a user runs it; it must leave no files behind."""
    temporary = folder / "tmp"
    temporary.mkdir()
    command = [sys.executable, ROOT / "scripts/app.py", "--model", folder / "best.pt", "--port", "0"]
    process = subprocess.Popen(
        [*map(str, command), "--threads", "1", "--max-mb", "1"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"},
    )
    address = process.stdout.readline().split()[0]
    yield address
    body = b'--x\r\nContent-Disposition: form-data; name="media"; filename="a.mp4"\r\n\r\n'
    body += (folder / "clip.mp4").read_bytes() + b"\r\n--x--\r\n"
    headers = {"Origin": address.rstrip("/"), "Content-Type": "multipart/form-data; boundary=x"}
    with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=20) as answer:
        assert "/jobs/" in answer.url
    process.send_signal(signal.SIGTERM)  # in the middle of a job
    assert process.wait(30) == 128 + signal.SIGTERM
    process.stdout.close()
    assert list(temporary.glob("deepfake*")) == []


def test_a_browser_uploads_a_video_and_sees_its_verdict(served, folder, browse, tmp_path):
    (tmp_path / "a <b>clip.mp4").write_bytes((folder / "clip.mp4").read_bytes())
    ready = "document.querySelector('#each') !== null"
    seen = browse(served, upload=tmp_path / "a <b>clip.mp4", until=ready)
    assert seen.errors == [] and all(address.startswith(served) for address in seen.requests)
    assert "a <b>clip.mp4" in seen.text and "Score over time." in seen.text and "with Grad-CAM" in seen.text
    assert "Another file" in seen.text and re.search("called fake from 0.500", seen.text)


def test_a_browser_that_sends_too_much_is_told_the_limit(served, browse, tmp_path):
    (tmp_path / "large.mp4").write_bytes(b"\1" * 3_000_000)
    seen = browse(served, upload=tmp_path / "large.mp4")
    assert "The file is larger than 1 MB." in seen.text


def test_a_page_of_another_site_cannot_send_a_file(served, browse, tmp_path):
    form = f'<form method="post" action="{served}" enctype="multipart/form-data">'
    (tmp_path / "evil.html").write_text(f'{form}<input name="media" type="file"><button>x</button></form>')
    (tmp_path / "a.mp4").write_bytes(b"x")
    seen = browse(tmp_path / "evil.html", upload=tmp_path / "a.mp4")
    assert "This request comes from another" in seen.text


@pytest.mark.parametrize(
    "request_of",
    [
        lambda port: b"GET / HTTP/1.1\r\n\r\n",
        lambda port: f"GET / HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n".encode(),
        lambda port: (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 99999999999\r\n\r\n".encode()
        ),
        lambda port: (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"
            "zz\r\n".encode()
        ),
        lambda port: b"\0\xff\r\n\r\n",
    ],
    ids=["no host", "another host", "huge", "bad chunks", "no HTTP"],
)
def test_odd_bytes_get_an_error_and_the_page_stays(served, request_of):
    port = int(served.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(request_of(port))
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert not answer.startswith(b"HTTP/1.1 2") and b"Traceback" not in answer
    assert b"Real or fake?" in urllib.request.urlopen(served, timeout=20).read()


def test_only_this_machine_is_listened_to(served, folder, caplog):
    port = int(served.rstrip("/").rpartition(":")[2])
    own = socket.gethostbyname(socket.gethostname())
    if not own.startswith("127."):
        with pytest.raises(OSError):
            socket.create_connection((own, port), 5).close()
    assert run_program("app.py", "--model", folder / "best.pt", "--host", "0.0.0.0") == 1
    assert "served to this machine alone" in caplog.text


def test_without_flask_the_command_that_installs_it_is_named(folder, monkeypatch, caplog):
    monkeypatch.setattr("deepfake.packages.find_spec", lambda name: None)
    assert run_program("app.py", "--model", folder / "best.pt") == 1
    assert (
        "the local page needs flask" in caplog.text and "pip install -r requirements/app.txt" in caplog.text
    )
