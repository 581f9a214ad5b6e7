"""The card of a dataset: its numbers, and text that follows the settings."""

import json
import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
import yaml
from made.planned import CFG, STEPS, make_dataset
from markdown_it import MarkdownIt

from deepfake.dataset.card import BALANCE, POLICIES, card
from deepfake.dataset.card_tables import count_by_attribute, count_by_method
from deepfake.names import visible


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    """Return the dataset's folder and its plan."""
    return make_dataset(tmp_path_factory.mktemp("results"))


def test_the_card_counts(made):
    folder, plan = made
    text = (folder / "README.md").read_text(encoding="utf-8")
    kept = plan[plan["file_name"] != ""]
    assert f"{len(kept)} images (face crops), {kept['bytes'].sum() / 1e6:.1f} MB" in text
    assert f"They come from {kept.groupby(['corpus', 'video']).ngroups} videos" in text
    assert f"The corpora name {kept['target'].nunique()} people." in text
    for (split, label), part in kept.groupby(["split", "label"]):
        videos = part.groupby(["corpus", "video"]).ngroups
        line = f"| {split} | {'fake' if label == '1' else 'real'} | {videos} |"
        assert f"{line} {len(part)} |" in text
    for (corpus, label), part in kept.groupby(["corpus", "label"]):
        n = part["split"].value_counts()
        named = '| fake | `a\\|b, "c"` |' if label == "1" else "| real | (none named) |"
        assert f"| {corpus} {named} {n['train']} | {n['val']} |" in text
    in_b = kept[kept["corpus"] == "b"]
    of_sex = in_b[in_b["attributes"].str.contains("sex")].groupby("split").size()
    assert f"| sex | f | {of_sex['train']} | {of_sex['val']} |" in text


def test_the_card_has_the_class_weights_of_train(made):
    folder, plan = made
    train = plan[plan["split"] == "train"].groupby("label").size()
    weights = f"real {train.sum() / (2 * train['0']):g}, fake {train.sum() / (2 * train['1']):g}"
    assert weights in (folder / "README.md").read_text(encoding="utf-8")


def test_the_card_of_a_dataset_to_test_on_has_no_class_weights(made):
    kept = made[1][made[1]["file_name"] != ""].assign(split="test")
    text = card("d", kept, CFG, {})
    assert "this dataset is to be tested on" in text and "Class weights" not in text


def test_the_card_says_how_it_was_made_and_on_what_terms(made):
    text = (made[0] / "README.md").read_text(encoding="utf-8")
    assert "- a: one frame in 15, 40 at the most a video, stored as jpg of quality 91; the" in text
    assert "with a side of 1.3 times the face's longer side, scaled to 224 pixels, stored as png" in text
    assert "- b: see the settings of the workflow." in text
    assert "Asked for: train 0.7, val 0.3; policy `identity`. No person" in text
    assert "| b | not known here; ask those who made it |" in text and "Rössler et al." in text
    assert json.dumps(CFG, sort_keys=True, ensure_ascii=False) in text


@pytest.mark.parametrize("policy", ["identity", "group", "official"])
def test_the_card_says_what_is_known_and_what_is_not(made, policy):
    """Where nobody has a name, no text may read as if people had been kept apart."""
    kept = made[1][made[1]["file_name"] != ""]
    cfg = {**CFG, "policy": policy}
    named = "People: known for all images; originals: known for all images."
    assert named in card("d", kept, cfg, {}) and "unknown" not in card("d", kept, cfg, {})
    nameless = card("d", kept.assign(target="", source=""), cfg, {})
    assert "People: unknown; originals: known for all images.\nWhat is unknown could not be" in nameless
    assert "The corpora name nobody." in nameless
    partly = card("d", kept, cfg, {}, known={"people": len(kept) // 4, "originals": len(kept)})
    assert "People: known for 25 % of images; originals" in partly


ALIGNED = "turned upright so that the eyes, the nose and the mouth lie as on ArcFace's template"


@pytest.mark.parametrize(
    ("settings", "texts"),
    [
        (
            {"landmarks": "five", "align": "none"},
            ["at the most, in a square with a side of 1.3 times the face"],
        ),
        ({"landmarks": "five"}, ["with five landmarks (those of dlib's 5-point model), turned", ALIGNED]),
        ({"landmarks": "five", "border": "reflect"}, ["1.3 times the template's, outside the frame as"]),
        ({"landmarks": "five", "detector": "yunet"}, ["YuNet found, of 2 at the most, with YuNet's five"]),
        ({"landmarks": "five", "smooth": 3, "smoothing": "median"}, ["by the median of 3 frames, turned"]),
        ({"landmarks": 68, "align": "none"}, ["with the landmarks of dlib's 68-point model, in a square"]),
        ({"landmarks": 68, "detector": "yunet"}, ["of dlib's 68-point model, turned", ALIGNED]),
    ],
)
def test_the_card_says_how_faces_were_located_and_cut(made, settings, texts):
    faces = {**STEPS["a"]["faces"], "align": "five_points", "border": "black", **settings}
    kept = made[1][made[1]["file_name"] != ""]
    text = card("d", kept, CFG, {"a": {"faces": faces}})
    assert all(part in text for part in texts)
    excluded = (
        "The landmarks of a were found by dlib's 68-point model. The data on which it was trained, iBUG"
    )
    assert (excluded in text) == (settings["landmarks"] == 68)
    assert excluded not in card("d", kept, {**CFG, "images": "frames"}, {"a": {"faces": faces}})


def test_the_card_begins_with_metadata_for_the_hub(made):
    text = (made[0] / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    head = yaml.safe_load(text)
    assert head["task_categories"] == ["image-classification"] and head["size_categories"] == ["n<1K"]
    assert head["pretty_name"] == "d" and head["license"] == "other"


def test_the_card_depends_only_on_what_is_kept(tmp_path, made):
    plan = made[1]
    more = pd.concat([plan, plan[plan["file_name"] == ""].assign(reason="no_face")])
    cards = [
        card("d", rows[rows["file_name"] != ""].sort_values("file_name"), CFG, {}) for rows in (plan, more)
    ]
    assert cards[0] == cards[1] and "attrition.csv" in cards[0]


@pytest.mark.parametrize("policy", ["identity", "group", "official"])
@pytest.mark.parametrize("balance", ["corpus", "dataset", "none"])
def test_the_card_has_text_for_each_setting(made, policy, balance):
    kept = made[1][made[1]["file_name"] != ""]
    cfg = {**CFG, "policy": policy, "balance": balance, "images": "frames", "size_mb": 5, "duplicates": None}
    text = card("d", kept, {**cfg, "test_only": ["b"], "same_identity": "same.csv"}, STEPS)
    assert POLICIES[policy] in text and BALANCE[balance] in text and "up to 5 MB" in text
    assert "(whole frames)" in text and "the largest face" not in text
    assert "no detector has seen: b." in text and "`same.csv`" in text


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (["m", "f", "f", ""], ["| x | (not told) | 1 |", "| x | f | 2 |", "| x | m | 1 |"]),
        ([str(age) for age in range(5, 45)], ["| x | 00 to 09 | 5 |", "| x | 40 to 49 | 5 |"]),
        ([f"w{n % 20:02d}" for n in range(30)], ["| x | w09 | 2 |", "| x | (8 others) | 8 |"]),
    ],
    ids=["few", "numbers", "words"],
)
def test_attributes_are_counted_in_a_table_that_can_be_read(values, lines):
    text = count_by_attribute(pd.DataFrame({"x": values, "split": "train"}), ["x"])
    assert all(line in text for line in lines) and len(text.splitlines()) <= 16


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[click](http://evil.example)",
        "![](http://evil.example/x.png)", "http://evil.example", "www.evil.example", "a|b", "`a`|``", "`",
        "*a* _b_ __c__ ~~d~~", "&lt;b&gt;", "a\nb\n# c", "\u202eknurt\u200b", "\\", "$x$", "# a", "a\\|b",
    ],
)  # fmt: skip
def test_names_of_methods_are_no_markup_in_the_card(name):
    """The table is rendered as CommonMark with HTML allowed, and shows the name and nothing else."""
    rows = pd.DataFrame({"corpus": "c", "label": "1", "method": [name], "split": "train"})
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(count_by_method(rows))
    body = html.partition("<tbody>")[2]
    assert body.count("<tr>") == 1 and body.count("<td>") == 4
    cell = body.split("<td>")[3].partition("</td>")[0]
    shown = unescape(cell.removeprefix("<code>").removesuffix("</code>"))
    assert shown.strip() == visible(name).strip()
    assert cell.startswith("<code>") or name in "\\"


def test_plain_names_of_methods_stay_as_they_are():
    for name in ("NeuralTextures", "face_swap v1.2 (c23)", "한국어", "(none named)", "20 to 29", "x-y, z's"):
        assert f"| {name} |" in count_by_attribute(pd.DataFrame({"x": [name], "split": "train"}), ["x"])


def test_a_rebuilt_dataset_has_the_card_of_the_published_one(made):
    kept = made[1][made[1]["file_name"] != ""]
    rebuilt = CFG | {"splits": {"from": "splits.csv", "digest": "0", "fractions": CFG["splits"]}}
    assert card("d", kept, CFG, STEPS) == card("d", kept, rebuilt, STEPS)
    text = card("d", kept, CFG | {"policy": "given", "splits": {"from": "theirs.csv"}}, STEPS)
    assert "Taken from a file; policy `given`. The splits were given." in text
    assert text == card("d", kept, CFG | {"policy": "given", "splits": {"from": "splits.csv"}}, STEPS)
    assert "Nor do near-duplicates" not in text
    changed = kept.assign(sha256=kept["sha256"].iloc[::-1].to_numpy())
    assert (
        digest_of(text) == digest_of(card("d", kept, CFG, STEPS)) != digest_of(card("d", changed, CFG, STEPS))
    )


def digest_of(text: str) -> str:
    return re.search("`([0-9a-f]{64})`", text)[1]
