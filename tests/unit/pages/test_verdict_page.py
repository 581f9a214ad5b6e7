"""The page of verdicts shows each file, the model, and what could not be judged; no name can break it."""

import dataclasses
import io
import math
import re
from html.parser import HTMLParser

import browser
import numpy as np
import pytest
from made.verdicts import (
    EVIL,
    REASON,
    examples,
    image,
    model,
    not_judged,
    person,
    scored_faces,
    video,
)
from PIL import Image

from deepfake.detection.verdict import Person, Verdict
from deepfake.pages.verdicts import FILES_SHOWN, page

browse = browser.browse


class Reader(HTMLParser):
    """A page's rows as lists of cells' texts, its headings, some attributes, its tags and all its text."""

    def __init__(self, html: str):
        super().__init__()
        self.rows: list[list[str]] = []
        self.heads: list[str] = []
        self.found: dict[str, list[str]] = {name: [] for name in ("alt", "id", "href", "src")}
        self.tags: list[str] = []
        self.text = self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in self.found:
                self.found[name].append(value)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th", "h3", "style"):
            self.inside = tag
            (self.rows[-1] if tag in ("td", "th") else self.heads).append("")

    def handle_endtag(self, tag):
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, text):
        if self.inside != "style":
            self.text += text
        if self.inside:
            where = self.heads if self.inside in ("h3", "style") else self.rows[-1]
            where[-1] = f"{where[-1]} {text.strip()}".strip()


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def whole(opened) -> str:
    return page(examples(), opened, f"Verdicts {EVIL}")


def plain(html: str) -> str:
    return " ".join(Reader(html).text.split())


def heads(html: str) -> list[str]:
    """The names of the files that have a section."""
    return re.findall(r'<h3 id="file\d+">(.*?)</h3>', html)


def test_files_are_sorted_by_score_and_those_not_judged_are_last(whole):
    rows = Reader(whole).rows
    assert rows[1:9] == [
        ["crowd.mp4", "fake", "0.960 0.860 to 1.000", "", "12", "20 of 20"],
        ["clips/fake.mp4", "fake", "0.859 0.759 to 0.959", "", "1", "20 of 20"],
        ["stills/one.png", "fake", "0.700", "", "1", "1 of 1"],
        ["clips/two people.mp4", "real, unsure", "0.439 0.379 to 0.499", "", "2", "20 of 20"],
        [f"stills/{EVIL}.png", "real", "0.200", "", "1", "1 of 1"],
        ["clips/real.mp4", "real", "0.172 0.072 to 0.272", "", "1", "8 of 20"],
        ["broken.mp4", "not judged", "–", "", "0", "0 of 0"],
        ["empty room.mp4", "not judged", "–", "", "0", "0 of 20"],
    ]


def test_the_top_counts_and_names_the_model(whole):
    text = plain(whole)
    assert "Of 8 media files, 3 were called fake and 3 real; 2 could not be judged." in text
    assert "1 of these verdicts is unsure" in text
    facts = dict(row for row in Reader(whole).rows if len(row) == 2)
    assert facts["Network"] == "meso4"
    assert facts["Trained on"] == f"small, digest abababababab; faces of demo, {EVIL}"
    assert facts["Macro F1 on the validation set"] == "0.812 over single images"
    assert facts["Called fake"] == "an image from a score of 0.500, a person in a video from 0.450"
    assert facts["Calibrated"].startswith("no") and "The probability does not hold elsewhere" in text


def test_what_could_not_be_judged_has_its_reasons_and_frames(whole):
    text, rows = plain(whole), Reader(whole).rows
    assert "11 frames (15, 20, 25, 30, 35, 55, 60, 65, 70, 75, 90): no face found by dlib" in text
    assert "frame 95: damaged" in text
    assert ["broken.mp4", "not a video that can be read"] in rows
    assert [REASON, "11", "1"] in rows and ["damaged", "1", "1"] in rows
    reason = next(row[1] for row in rows if row[0] == "empty room.mp4" and len(row) == 2)
    assert reason.startswith("20 frames (0, 5, ") and reason.endswith(f": {REASON}")


def test_every_image_has_a_text_and_every_link_a_target(whole):
    found, tags = Reader(whole).found, Reader(whole).tags
    assert tags.count("img") == len(found["alt"]) == len(found["src"]) and all(found["alt"])
    assert len(set(found["id"])) == len(found["id"])
    assert {link.removeprefix("#") for link in found["href"]} <= set(found["id"])
    assert all(source.startswith("data:image/") for source in found["src"])
    kinds = [source.split(";")[0].rpartition("/")[2] for source in found["src"]]
    assert kinds.count("svg+xml") == 4  # of four videos; an image has no timeline
    assert (
        sum(alt.startswith("Grad-CAM") for alt in found["alt"]) == 1 + 1 + 2 + 12 + 2
    )  # one for each person
    assert "Person 1, frame 85, score 0.188" in found["alt"]


def test_names_are_escaped_and_cannot_reverse_text(opened):
    evil = f"{EVIL}&amp;\udcff\u202egpj.exe\n"
    reason = f"{EVIL} is no video"
    html = page([image(evil, 0.9), not_judged(evil, reason)], opened, evil)
    assert "script" not in Reader(html).tags
    assert html.encode() and f"{EVIL}&amp;\\udcff\\u202egpj.exe\\n" in Reader(html).heads
    assert [row for row in Reader(html).rows if row[-1] == reason]


def test_the_same_verdicts_give_the_same_page(opened, whole):
    assert page(examples(), opened, f"Verdicts {EVIL}") == whole
    others = examples()[::-1]
    assert page(others, opened, f"Verdicts {EVIL}") == whole


def test_nothing_to_judge(opened):
    html = page([], opened, "Nothing")
    assert "There are no media files to judge." in plain(html)
    assert ["Network", "meso4"] in Reader(html).rows and "img" not in Reader(html).tags


def test_an_image_has_neither_interval_nor_timeline(opened):
    html = page([image("a.png", 0.7)], opened, "One")
    assert "fake: score 0.700, no interval; called fake from 0.500." in plain(html)
    assert "svg+xml" not in html and "frames judged" not in plain(html)


def test_a_model_without_gradients_says_so(opened):
    html = page(examples(), dataclasses.replace(opened, detector=None), "Verdicts")
    assert "There is no Grad-CAM: a model in this format has no gradients" in plain(html)
    assert not [alt for alt in Reader(html).found["alt"] if "Grad-CAM" in alt]


def test_of_several_hundred_files_those_with_the_highest_scores_are_shown(opened):
    scores = np.random.default_rng(1).permutation(np.linspace(0, 1, 301))
    bare = [
        Verdict(f"{score:.4f}.mp4", "image", 1, [person(1, scored_faces(1, [score], shown=0))], 1)
        for score in scores.tolist()
    ]
    html = page([*bare, *(not_judged(f"bad{number}") for number in range(20))], opened, "Many")
    assert heads(html) == [f"{score:.4f}.mp4" for score in sorted(scores, reverse=True)[:FILES_SHOWN]]
    assert f"Shown are the {FILES_SHOWN} files with the highest scores; 251 more were judged." in plain(html)
    assert len([row for row in Reader(html).rows if len(row) == 6]) == 1 + 301 + 20
    assert len([row for row in Reader(html).rows if row[-1] == "not a video that can be read"]) == 20
    assert "No images of this person were kept." in html


def test_undefined_scores_are_dashes_and_last(opened):
    nan = Person(1, scored_faces(1, [math.nan, 0.5]), math.nan, math.nan, math.nan, "real", False)
    html = page([Verdict("nan.mp4", "video", 2, [nan], 1), image("a.png", 0.1)], opened, "NaN")
    assert heads(html) == ["a.png", "nan.mp4"]
    assert ["nan.mp4", "real", "–", "", "1", "2 of 2"] in Reader(html).rows
    assert "nan" not in plain(html).replace("nan.mp4", "")


@pytest.mark.parametrize(
    "facts, row",
    [
        ({"training": {"epochs": 0}}, ["Network", "meso4, not trained further"]),
        ({"metrics": {"val": "x"}}, ["Macro F1 on the validation set", "–"]),
        ({"metrics": {"val": {"f1_macro": None}}}, ["Macro F1 on the validation set", "–"]),
        ({"dataset": {}, "preprocessing": []}, ["Trained on", "–, digest –"]),
    ],
    ids=["untrained", "odd", "undefined", "unknown"],
)
def test_missing_metadata_of_a_model_is_a_dash(opened, facts, row):
    foreign = dataclasses.replace(opened, metadata=opened.metadata | facts)
    assert row in Reader(page([], foreign, "Foreign")).rows


def test_an_ensemble_is_described(opened):
    part = {"network": opened.metadata["network"], "views": [{}] * 6, "weight": 0.5}
    made = {"models": ["a", "b"], "weighted": "validation", "calibrate": True}
    facts = {key: value for key, value in opened.metadata.items() if key != "network"}
    facts |= {"parts": [part, part], "temperature": 1.3, "training": {"ensemble": made}}
    rows = dict(
        row
        for row in Reader(page([], dataclasses.replace(opened, metadata=facts), "E")).rows
        if len(row) == 2
    )
    assert rows["Network"] == "a, b: 2 networks (meso4), weighted by validation, 6 views of each image"
    assert rows["Calibrated"].startswith("on the validation set, by a temperature of 1.3")


def test_twelve_people_of_a_crowd_are_shown_and_the_one_who_decides_is_first(opened):
    people = [person(n, scored_faces(1, [n / 100] * 2, shown=0)) for n in range(30)]
    verdict = dataclasses.replace(video("crowd.mp4", *people), decisive=3)
    html = page([verdict], opened, "Crowd")
    assert "Below are 12 of these 30 people." in plain(html)
    shown = re.findall(r"</i>Person (\d+):", html)
    assert shown == [str(n) for n in [3, *range(29, 18, -1)]]
    assert [row[0] for row in Reader(html).rows if row[0].startswith("3 ")] == ["3 (decides)"]


def test_the_threshold_for_several_people_is_named_as_such(opened):
    two = dataclasses.replace(examples()[2], threshold=0.625, candidates=2)
    text = plain(page([two], opened, "Two"))
    assert "called fake from 0.625, the threshold for the highest score of 2 people; person 1 decides" in text
    rising = dataclasses.replace(opened, metadata=opened.metadata | {"people_thresholds": [0.45, 0.6, 0.7]})
    assert "from 0.450 (the highest of 3 or more people: from 0.700)" in plain(page([two], rising, "Two"))
    assert "or more people" not in text


@pytest.mark.parametrize("width", [1200, 400], ids=["desk", "phone"])
def test_the_page_is_complete_in_a_browser(browse, whole, tmp_path, width):
    script = """<script>addEventListener("load", () => console.log(
        [...document.images].filter(i => i.naturalWidth > 0).length == document.images.length,
        document.documentElement.scrollWidth - document.documentElement.clientWidth))</script>"""
    (tmp_path / "page.html").write_text(whole + script, encoding="utf-8")
    seen = browse(tmp_path / "page.html", width=width)
    assert seen.errors == [] and seen.requests == [(tmp_path / "page.html").as_uri()]
    assert seen.console == ["log: True 0"]  # all images are shown, and nothing is wider than the window
    assert EVIL in seen.text
    pixels = np.asarray(Image.open(io.BytesIO(seen.screenshot.read_bytes())).convert("L"))
    assert np.ptp(pixels) > 150
