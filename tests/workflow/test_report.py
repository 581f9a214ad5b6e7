"""The pages of a finished run in a browser: Snakemake's report and the one-page report."""

import html
import json
import re
import shlex
import zipfile

import browser
import numpy as np
import pytest
from conftest import Project
from PIL import Image

browse = browser.browse
CATEGORIES = [
    "1 Summary",
    "2 Dataset",
    "3 Training",
    "4 Evaluation",
    "5 Robustness",
    "6 Mistakes",
    "7 Across datasets",
]
TAILWIND = "cdn.tailwindcss.com should not be used in production"  # a warning of Snakemake's own page
DRIVE = """<script>
window.unfinished = true;  // the browser waits for this
addEventListener("load", async () => {
  const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));
  const words = text => text.trim().split(/\\s+/).sort().join(" ");  // columns are in no fixed order
  const find = (text, icon) => [...document.querySelectorAll(icon ? "tr" : "a")].find(
    element => words(element.innerText) === words(text));
  for (const [text, icon] of STEPS) {
    while (!find(text, icon)) await pause(50);
    const found = find(text, icon);
    (icon ? found.querySelector(`[iconname=${icon}]`) : found).click();
    await pause(500);
  }
  const framed = document.querySelector("iframe[src^='data:text/html']");
  if (framed) console.log(new TextDecoder().decode(await (await fetch(framed.src)).arrayBuffer()));
  window.unfinished = false;
})</script>"""


@pytest.fixture(scope="module")
def reports(modelled, tmp_path_factory) -> dict[str, str]:
    """Snakemake's report as one page and as a zip: their folder, and Snakemake's output by suffix."""
    folder = tmp_path_factory.mktemp("reports")
    said = {}
    for ending in ("html", "zip"):
        done = modelled.run("--configfile", "mine.yaml", "--report", str(folder / f"report.{ending}"))
        said[ending] = done.text
    return {"folder": folder, **said}


def after(reports, folder, *steps: tuple[str, str]):
    """A copy of the report that clicks on links by their text, or on an icon in a table's row."""
    page = folder / "clicked.html"
    text = (reports["folder"] / "report.html").read_text(encoding="utf-8")
    page.write_text(text + DRIVE.replace("STEPS", json.dumps(steps)), encoding="utf-8")
    return page


def errors(seen) -> list[str]:
    return [line for line in seen.errors if TAILWIND not in line]


def assert_drawn(seen) -> None:
    pixels = np.asarray(Image.open(seen.screenshot).convert("L"))
    assert min(pixels.shape) >= 390 and np.ptp(pixels) > 150 and pixels.std() > 10


def test_the_report_is_one_file_with_all_categories(browse, reports):
    page = reports["folder"] / "report.html"
    seen = browse(page)
    assert errors(seen) == []
    assert seen.requests == [page.as_uri()]
    assert_drawn(seen)
    for category in CATEGORIES:
        assert category in seen.text
    assert "its threshold is fixed on the validation set too" in " ".join(seen.text.split())


@pytest.mark.parametrize(
    ("category", "row", "caption"),
    [
        ("2 Dataset", "dataset_2gb contact sheet", "Look for crops without a face"),
        ("4 Evaluation", "tiny dataset_2gb ROC", "The share of fakes found"),
        ("6 Mistakes", "tiny dataset_2gb", "Grad-CAM"),
    ],
    ids=["dataset", "evaluation", "mistakes"],
)
def test_a_result_has_a_picture_and_a_caption(browse, reports, tmp_path, category, row, caption):
    seen = browse(after(reports, tmp_path, (category, ""), (row, "eye")))
    assert errors(seen) == []
    assert seen.dom.count('<img src="data:image/') == 2  # Snakemake's logo, and the result
    seen = browse(after(reports, tmp_path, (category, ""), (row, "information-circle")))
    assert errors(seen) == []
    assert caption in " ".join(seen.text.split())


def test_the_summary_is_in_the_report(browse, reports, modelled, tmp_path):
    seen = browse(after(reports, tmp_path, ("1 Summary", ""), ("summary", "eye")))
    assert errors(seen) == []
    page = (modelled / "results/report/index.html").read_text(encoding="utf-8")
    assert [line for line in seen.console if line.startswith("log: ")] == [f"log: {page}"]


def test_the_report_is_complete_and_can_be_a_zip(reports):
    for ending in ("html", "zip"):
        assert "No files found" not in reports[ending]
    with zipfile.ZipFile(reports["folder"] / "report.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert "report/report.html" in names
    endings = {name.rpartition("/")[2] for name in names}
    wanted = (
        "index.html audit.html attrition.png contact_sheet.png history.csv curves.svg metrics.csv roc.svg"
    )
    wanted += " precision_recall.svg confusion.svg calibration.svg histogram.svg robustness.svg mistakes.png"
    assert {*wanted.split(), "gradcam.png", "cross.svg"} <= endings


@pytest.mark.parametrize("width", [1100, 390], ids=["desk", "phone"])
def test_the_page_shows_the_numbers_of_the_run(browse, modelled, width):
    page = modelled / "results/report/index.html"
    seen = browse(page, width=width)
    assert seen.errors == []
    assert seen.requests == [page.as_uri()]
    assert_drawn(seen)
    for model in ("tiny", "raw", "pair"):
        found = metrics(modelled, model)["splits"]["test"]
        shown = leaderboard(seen.dom)[model]
        for level in ("frame", "video"):
            numbers = found[level]["metrics"]["f1_macro"]
            assert "{value:.3f} {low:.3f} to {high:.3f}".format(**numbers) in shown, (level, shown)
    chosen = json.loads((modelled / "results/model/choice.json").read_text())["chosen"]
    assert f"{chosen} was chosen" in seen.text


def metrics(project: Project, model: str) -> dict:
    return json.loads((project / f"results/reports/dataset_2gb/{model}/metrics.json").read_text())


def leaderboard(dom: str) -> dict[str, str]:
    """Return the text of the table of models, by model: each has a tbody that begins with its name."""
    table = re.search(r'class="wide models">(.*?)</table>', dom, re.DOTALL)[1]
    texts = [" ".join(re.sub("<[^>]*>", " ", part).split()) for part in table.split("<tbody")[1:]]
    texts = [text.partition(">")[2].strip() for text in texts]
    return {text.split()[0]: text for text in texts}


def test_the_command_on_the_page_makes_the_same_again(modelled):
    text = (modelled.folder / "results/report/index.html").read_text(encoding="utf-8")
    command = shlex.split(html.unescape(re.search(r"<pre>(snakemake .*)</pre>", text)[1]))
    assert command == ["snakemake", "--cores", "all", "--configfile", "mine.yaml"]
    assert "Nothing to be done" in modelled.run(*command[1:], "--dry-run").text
