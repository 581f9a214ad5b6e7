"""A page in headless Chromium: its text, its picture, what its console said and what it asked for.

The browser is spoken to by the DevTools protocol over a pipe, since its log tells neither the level of a
console message nor the loads that failed.
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
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
PATIENCE = 60  # seconds, for the page to load or an answer to come
QUIET = 0.3  # seconds without an event, after which a page has settled
BAD = ("error", "assert", "warning")


@dataclass
class Page:
    """What was seen. `console` are lines "level: text", of failed loads and uncaught errors too."""

    dom: str
    text: str
    screenshot: Path
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)  # addresses, data: left out

    @property
    def errors(self) -> list[str]:
        """Messages of the console that are errors or warnings."""
        return [line for line in self.console if line.startswith(BAD)]


def find_browser() -> str | None:
    """$DEEPFAKE_TEST_BROWSER, or the first of NAMES on the PATH."""
    return os.environ.get("DEEPFAKE_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture
def browse(tmp_path):
    """`open_page` with a folder of its own; the test is skipped where there is no browser."""
    if not find_browser():
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is there (set DEEPFAKE_TEST_BROWSER)")
    return lambda page, **size: open_page(page, tmp_path / "browser", **size)


def open_page(page: str | Path, folder: Path, width: int = 1100, height: int = 800) -> Page:
    """Open a file or a URL in a window of `width` pixels; the screenshot, in `folder`, is of the whole page.

    No host but this machine can be reached. Raises TimeoutError where the browser doesn't answer.
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
        dom, text = map(browser.value, ("document.documentElement.outerHTML", "document.body.innerText"))
        whole = browser.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": width, "height": whole["height"], "scale": 1}
        shot = browser.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path = folder / "screenshot.png"
        path.write_bytes(base64.b64decode(shot))
        return Page(dom, text, path, *_heard(browser.events))


def _heard(events: list[dict]) -> tuple[list[str], list[str]]:
    """Lines of the console, and addresses asked for."""
    lines, asked = [], []
    for event in events:
        what, told = event["method"], event["params"]
        if what == "Runtime.consoleAPICalled":
            words = [str(a.get("value", a.get("description", ""))) for a in told["args"]]
            lines.append(f"{told['type']}: {' '.join(words)}")
        elif what == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            lines.append(f"error: {details.get('exception', {}).get('description', details['text'])}")
        elif what == "Log.entryAdded":
            lines.append(f"{told['entry']['level']}: {told['entry']['text']} {told['entry'].get('url', '')}")
        elif what == "Network.requestWillBeSent" and not told["request"]["url"].startswith("data:"):
            asked.append(told["request"]["url"])
    return lines, asked


class _Browser:
    """A browser of its own, with its own profile; messages are JSON, with a null byte after each."""

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

        command = [find_browser(), *FLAGS, NOWHERE, f"--user-data-dir={self.folder / 'profile'}"]
        with open(self.folder / "browser.log", "wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, preexec_fn=join_pipes, close_fds=False
            )
        os.close(child_in)
        os.close(child_out)
        return self

    def __exit__(self, *_) -> None:
        os.close(self.to)  # it ends when its pipe does
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.back)
        shutil.rmtree(self.folder / "profile", ignore_errors=True)  # helpers may still be closing files

    def ask(self, method: str, **params) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while (found := self._next(until - time.monotonic())) is not None:
            if found.get("id") == self.number:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']['message']}")
                return found["result"]
        raise TimeoutError(f"{method}: no answer within {PATIENCE} s; see {self.folder / 'browser.log'}")

    def value(self, expression: str) -> str:
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]

    def settle(self) -> None:
        """Wait until the page is loaded and nothing more happens."""
        until = time.monotonic() + PATIENCE
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            if self._next(until - time.monotonic()) is None:
                raise TimeoutError(f"the page isn't loaded within {PATIENCE} s")
        while time.monotonic() < until and self._next(QUIET) is not None:
            pass

    def _next(self, seconds: float) -> dict | None:
        """The next message, events kept; None where none comes in time."""
        until = time.monotonic() + seconds
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], max(0, until - time.monotonic()))
            part = os.read(self.back, 1 << 16) if ready else b""
            if not part:
                return None
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        found = json.loads(message)
        if "method" in found:
            self.events.append(found)
        return found
