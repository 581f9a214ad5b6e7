"""The local page for detection: a form, a page that waits, and the page of verdicts.

Bound to this machine; see guard. Pages run no script: one that waits is loaded again by the header Refresh.
"""

import shutil
import threading
from pathlib import Path
from typing import IO

from flask import Flask, Response, redirect, request
from flask.wrappers import Request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from deepfake.app.guard import HEADERS, allowed_hosts, refusal
from deepfake.app.jobs import DONE, FAILED, WAITING, Jobs, QueueFull
from deepfake.app.judge import shown_name, stored_name
from deepfake.disk import explain
from deepfake.pages.render import render

MB = 1_000_000
SILENCE = 60  # seconds that a connection may say nothing
UPLOADS = 2  # files that may arrive at a time
FIELD = "media"
FULL = "Several files are waiting already. Try again in a minute."
REASONS = {
    400: "The request can't be read. Go back, and choose a file.",
    404: "There is no such page: results are kept until twenty newer ones are there, or the program ends.",
    405: "This page can't be used so.",
}


def make_app(jobs: Jobs, max_mb: float, model: dict) -> Flask:
    """Return the Flask app on top of `jobs`; `model` describes the model, for the form.

    Uploads are written to the folders of their jobs, at most `max_mb` millions of bytes each.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = int(max_mb * MB)
    app.config["MAX_FORM_PARTS"] = 4
    app.request_class = _Upload
    uploading = threading.BoundedSemaphore(UPLOADS)

    def form(problem: str = "", status: int = 200) -> tuple[str, int]:
        values = {"title": "Real or fake?", "problem": problem, "max_mb": max_mb, "model": model}
        return render("upload.html.j2", field=FIELD, **values), status

    @app.before_request
    def check_sender() -> tuple[str, int] | None:
        hosts = allowed_hosts(int(request.environ["SERVER_PORT"]))  # the server's own, no header
        reason = refusal(request.method, request.headers, hosts)
        return form(reason, 403) if reason else None

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def show_error(error: HTTPException) -> tuple[str, int]:
        reason = f"The file is larger than {max_mb:g} MB." if error.code == 413 else REASONS.get(error.code)
        return form(reason or error.name, error.code)

    @app.get("/")
    def home() -> tuple[str, int]:
        return form()

    @app.post("/")
    def upload() -> Response | tuple[str, int]:
        if not uploading.acquire(blocking=False):
            return form(FULL, 503)
        folder = None
        try:
            folder = request.folder = jobs.new_folder()
            files = request.files.getlist(FIELD)
            if len(files) != 1 or not files[0].filename:
                return form("Choose a file first: one video or one picture.", 400)
            name = files[0].filename
            files[0].close()
            (part,) = folder.iterdir()
            part.rename(folder / stored_name(name))
            job = jobs.add(folder, shown_name(name))
            folder = None  # it is the job's now
            return redirect(f"/jobs/{job.id}", 303)
        except QueueFull:
            return form(FULL, 503)
        except OSError as error:
            return form(explain(error), 507)
        finally:
            uploading.release()
            if folder:
                shutil.rmtree(folder, ignore_errors=True)

    @app.get("/jobs/<id>")
    def show(id: str) -> Response | tuple[str, int] | tuple[str, int, dict]:
        found = jobs.find(id)
        if found is None:
            return form(REASONS[404], 404)
        job, before = found
        if job.state == DONE:
            return Response(job.result, mimetype="text/html")
        if job.state == FAILED:
            return form(f"{job.name}: {job.result}", 422)
        values = {"waits": job.state == WAITING, "before": before, "seconds": job.seconds}
        return render("waiting.html.j2", title=job.name, **values), 200, {"Refresh": "1"}

    return app


class _Upload(Request):
    """A request whose file is written to `folder`, the folder of a job, as it arrives."""

    folder: Path

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        number = sum(1 for _ in self.folder.iterdir())
        return open(self.folder / f"part{number}", "xb+")


class _Handler(WSGIRequestHandler):
    """Ends silent connections, writes no line for each request, and says nothing of versions."""

    timeout = SILENCE
    server_version, sys_version = "deepfake", ""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def make_local_server(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """Return a server of `app` that listens, on an address that guard.check_address has returned."""
    return make_server(host, port, app, threaded=True, request_handler=_Handler)
