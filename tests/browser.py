"""Open a page in headless Chromium: its text, a screenshot, its console messages and its requests.

The browser is controlled by the DevTools protocol over a pipe: its log has neither the level of a console
message nor the requests that failed.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --mute-audio"
    " --disable-background-networking --disable-component-update --remote-debugging-pipe"
).split()
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
TIMEOUT = 60  # seconds for a page to load, and for the browser to answer
SETTLED = 0.3  # seconds without an event after which a page is finished
ERRORS = ("error", "assert", "warning")


@dataclass
class Page:
    """What the browser saw of a page.

    `console` has lines "level: text", also for failed requests and uncaught errors. `requests` has the URLs
    of all requests except data:, the page itself first.
    """

    dom: str
    text: str
    screenshot: Path
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        """The console lines that are errors or warnings."""
        return [line for line in self.console if line.startswith(ERRORS)]


def find_browser() -> str | None:
    """Return $DEEPFAKE_TEST_BROWSER, or the path of the first of NAMES that is installed, or None."""
    return os.environ.get("DEEPFAKE_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture
def browse(tmp_path):
    """Return `open_page` with a folder of its own. Skips the test if there is no browser."""
    if not find_browser():
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed (set DEEPFAKE_TEST_BROWSER)")
    return lambda page, **size: open_page(page, tmp_path / "browser", **size)


def open_page(
    page: str | Path,
    folder: Path,
    width: int = 1100,
    height: int = 800,
    upload: Path | None = None,
    until: str = "true",
) -> Page:
    """Open a file or a URL in a window of `width` x `height` pixels, and return what the browser saw.

    With `upload` that file is chosen in the page's form, as by a hand, and sent. What is seen is the page in
    which the JavaScript expression `until` is true. The screenshot, a file in `folder`, is of the whole
    page. The page can reach this machine only. Raises TimeoutError if the browser does not answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    url = page if str(page).startswith(("http:", "file:")) else Path(page).resolve().as_uri()
    with _Browser(folder) as browser:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.ask(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.ask("Emulation.setDeviceMetricsOverride", **size)
        browser.ask("Page.navigate", url=url)
        browser.settle()
        if upload:
            browser.send_file(upload)
        browser.wait_for(until)
        dom, text = map(browser.value, ("document.documentElement.outerHTML", "document.body.innerText"))
        whole = browser.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": width, "height": whole["height"], "scale": 1}
        shot = browser.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path = folder / "screenshot.png"
        path.write_bytes(base64.b64decode(shot))
        return Page(dom, text, path, *_read_events(browser.events))


def _read_events(events: list[dict]) -> tuple[list[str], list[str]]:
    """Return the lines of the console and the requested URLs."""
    lines, urls = [], []
    for event in events:
        method, params = event["method"], event["params"]
        if method == "Runtime.consoleAPICalled":
            values = [str(a.get("value", a.get("description", ""))) for a in params["args"]]
            lines.append(f"{params['type']}: {' '.join(values)}")
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            lines.append(f"error: {details.get('exception', {}).get('description', details['text'])}")
        elif method == "Log.entryAdded":
            lines.append(
                f"{params['entry']['level']}: {params['entry']['text']} {params['entry'].get('url', '')}"
            )
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith("data:"):
            urls.append(params["request"]["url"])
    return lines, urls


class _Browser:
    """A browser process with a new profile. Messages to and from it are JSON followed by a null byte."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.session: str | None = None
        self.events: list[dict] = []
        self.number, self.rest = 0, b""

    def __enter__(self) -> "_Browser":
        child_in, self.to = os.pipe()
        self.back, child_out = os.pipe()

        def join_pipes():  # the browser reads from 3 and writes to 4
            copies = os.dup(child_in), os.dup(child_out)
            os.dup2(copies[0], 3)
            os.dup2(copies[1], 4)

        command = [find_browser(), *FLAGS, NO_NETWORK, f"--user-data-dir={self.folder / 'profile'}"]
        with open(self.folder / "browser.log", "wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, preexec_fn=join_pipes, close_fds=False
            )
        os.close(child_in)
        os.close(child_out)
        return self

    def __exit__(self, *_) -> None:
        os.close(self.to)  # the browser exits when its pipe is closed
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.back)
        shutil.rmtree(self.folder / "profile", ignore_errors=True)  # helpers may still be closing files

    def ask(self, method: str, **params) -> dict:
        """Send a command of the DevTools protocol and return its result."""
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + TIMEOUT
        while (message := self._next(until - time.monotonic())) is not None:
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
        raise TimeoutError(f"{method}: no answer within {TIMEOUT} s; see {self.folder / 'browser.log'}")

    def value(self, expression: str) -> str | bool | None:
        """Return the value of a JavaScript expression in the page; None where it has none."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"]
        return found.get("value")

    def send_file(self, path: Path) -> None:
        """Choose a file in the first file input of the page, and press the button of its form."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector="input[type=file]")["nodeId"]
        self.ask("DOM.setFileInputFiles", files=[str(path.resolve())], nodeId=node)
        self.events.clear()
        self.value("document.querySelector('form button').click()")
        self.settle()

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true, in whatever page the browser is by then."""
        until = time.monotonic() + TIMEOUT
        while self.value(expression) is not True:
            if time.monotonic() > until:
                raise TimeoutError(f"not true within {TIMEOUT} s: {expression}")
            time.sleep(0.2)

    def settle(self) -> None:
        """Wait until the page is loaded, `window.unfinished` is not true, and no more events come.

        A script that a test adds to a page sets `window.unfinished` while it works.
        """
        until = time.monotonic() + TIMEOUT
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            if self._next(until - time.monotonic()) is None:
                raise TimeoutError(f"the page did not load within {TIMEOUT} s")
        while self.value("window.unfinished === true"):
            if time.monotonic() > until:
                raise TimeoutError(f"the page is unfinished after {TIMEOUT} s")
            time.sleep(0.1)
        while time.monotonic() < until and self._next(SETTLED) is not None:
            pass

    def _next(self, seconds: float) -> dict | None:
        """Return the next message, or None if there is none in time. Events are also kept in `events`."""
        until = time.monotonic() + seconds
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], max(0, until - time.monotonic()))
            received = os.read(self.back, 1 << 16) if ready else b""
            if not received:
                return None
            self.rest += received
        text, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message
