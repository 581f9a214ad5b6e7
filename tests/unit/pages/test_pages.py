"""The pages in a browser: they show their numbers, have no errors, and load nothing from elsewhere."""

import json
from pathlib import Path

import browser
import numpy as np
import pytest
from made.people import CFG, video, write_people
from made.report import EVIL, inputs, make_results
from PIL import Image

from deepfake.extraction.images import encode
from deepfake.pages.audit import page as audit_page
from deepfake.pages.people import page as people_html
from deepfake.pages.people_review import read_people
from deepfake.pages.summary import page as summary_page
from deepfake.pages.summary_inputs import read_summary

browse = browser.browse
FACES = {
    "known": 1234,
    "link": 0.31,
    "fail": 0.3,
    "people": {"test": {"images": 10, "images_in_train": 5, "people": 4, "people_in_train": 1}},
    "nearest": [
        {"split": "test", "other": "train", "images": 10, "reals": 0, "quantiles": {"0": 0.2, "0.5": 0.4}}
        | {"within_fail": 0.1, "reals_within_fail": None, "within_fail_by_chance": 0.0123}
        | {"within": {"0.25": 0.1, "0.50": 1.0}}
    ],
    "pairs": [
        {"distance": d, "files": [EVIL, "gone.jpg"], "videos": ["c/a", "c/b"], "splits": ["test", "train"]}
        for d in (0.2, 0.4)
    ],
}
"""What audit.json says of faces; one picture of each pair can't be shown."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    results = make_results(folder / "results", name=EVIL)
    audit = results / "reports/small/audit.json"
    facts = json.loads(audit.read_text())
    facts["checks"][1] |= {"status": "unknown", "known": 0}
    audit.write_text(json.dumps(facts))
    facts["faces"] = FACES
    summary = read_summary(**inputs(results, cross=True))
    texts = {
        "audit": audit_page(
            facts, {"policy": "identity"}, {EVIL: encode(np.zeros((9, 9, 3), np.uint8), "jpg", 90)}
        ),
        "summary": summary_page(summary),
    }
    planned = write_people(folder / "people", [video("c", n, "c/v000", half="12"[n % 2]) for n in range(30)])
    people = read_people(planned.people)
    texts["people"] = people_html(EVIL, people, CFG, planned.plan, planned.results)
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def assert_drawn(screenshot: Path, width: int) -> None:
    pixels = np.asarray(Image.open(screenshot).convert("L"))
    assert pixels.shape[1] == width
    assert pixels.shape[0] > 400 and np.ptp(pixels) > 150  # dark text on a light page


@pytest.mark.parametrize("width", [1100, 390], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["audit", "people", "summary"])
def test_a_page_is_complete(browse, pages, name, width):
    seen = browse(pages[name], width=width)
    assert seen.errors == []
    assert seen.requests == [pages[name].as_uri()]
    assert_drawn(seen.screenshot, width)
    assert EVIL in seen.text  # it is text: it was not run
    if name != "people":
        assert "1,234" in seen.text and "✓ passed" in seen.text and "? unknown" in seen.text


def test_the_audit_shows_the_nearest_pairs_of_faces(browse, pages):
    seen = browse(pages["audit"])
    assert "at least 1 of 4" in seen.text and "in 50% of its images" in seen.text
    assert seen.text.count("too near, test and train") == 1 and "0.400, test and train" in seen.text
    assert seen.text.count("gone.jpg") == 2 and seen.dom.count("data:image/jpeg") == 2
    assert "1.2%" in seen.text


def test_the_summary_shows_its_numbers(browse, pages):
    seen = browse(pages["summary"])
    metrics = pages["summary"].parent / "results/reports/small/b/metrics.json"
    found = json.loads(metrics.read_text())["splits"]["test"]
    for level in ("frame", "video"):
        for name in ("f1_macro", "f1_fake", "roc_auc", "eer", "log_loss"):
            assert f"{found[level]['metrics'][name]['value']:.3f}" in seen.text
    assert "27,977 parameters" in seen.dom


def test_every_image_of_the_summary_can_be_shown(browse, pages, tmp_path):
    text = pages["summary"].read_text(encoding="utf-8")
    counted = """<script>addEventListener("load", () => console.log(
        [...document.images].filter(i => i.naturalWidth > 0).length, document.images.length))</script>"""
    (tmp_path / "counted.html").write_text(text + counted, encoding="utf-8")
    assert browse(tmp_path / "counted.html").console == ["log: 12 12"]


@pytest.mark.parametrize("name", ["audit", "people", "summary"])
def test_a_page_is_no_wider_than_a_phone(browse, pages, tmp_path, name):
    text = pages[name].read_text(encoding="utf-8")
    measured = """<script>addEventListener("load", () => console.log(
        document.documentElement.scrollWidth - document.documentElement.clientWidth))</script>"""
    (tmp_path / "measured.html").write_text(text + measured, encoding="utf-8")
    assert browse(tmp_path / "measured.html", width=390).console == ["log: 0"]


@pytest.mark.parametrize(
    "body, message",
    [
        ('<script>console.error("it broke")</script>', "error: it broke"),
        ('<script>console.warn("it may break")</script>', "warning: it may break"),
        ("<script>nothing.there()</script>", "ReferenceError: nothing is not defined"),
        ('<script>setTimeout(() => { throw Error("late") }, 50)</script>', "Error: late"),
        ('<img src="missing.png">', "ERR_FILE_NOT_FOUND"),
        ('<style>p { background: url("missing.png") }</style><p>x</p>', "ERR_FILE_NOT_FOUND"),
        ('<img src="https://elsewhere.example/x.png">', "ERR_NAME_NOT_RESOLVED"),
    ],
    ids=["error", "warning", "exception", "late", "missing", "style", "elsewhere"],
)
def test_the_browser_reports_errors(browse, tmp_path, body, message):
    bad = tmp_path / "bad.html"
    bad.write_text(f'<!DOCTYPE html><link rel="icon" href="data:,">{body}', encoding="utf-8")
    seen = browse(bad)
    assert len(seen.errors) == 1 and message in seen.errors[0]


def test_the_browser_reports_console_and_requests(browse, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "dot.png")
    fine = tmp_path / "fine.html"
    fine.write_text('<p>a &amp; b</p><img src="dot.png"><script>console.log("hi", 2)</script>')
    seen = browse(fine, width=500, height=300)
    assert (seen.errors, seen.console, seen.text.strip()) == ([], ["log: hi 2"], "a & b")
    assert seen.requests == [fine.as_uri(), (tmp_path / "dot.png").as_uri()]
    assert Image.open(seen.screenshot).size == (500, 300)
