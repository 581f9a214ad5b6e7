"""The card of a package: what a hostile model says of itself has no effect in it."""

import pytest
from markdown_it import MarkdownIt

from deepfake.submissions.card import model_card

METRICS = {"splits": {}}


def card(name: str) -> str:
    steps = {"frames": {"at": name}, "faces": {"detector": name}}
    metadata = {
        "network": {"arch": name},
        "geometry": {"size": 64},
        "threshold": 0.5,
        "video_threshold": 0.5,
        "dataset": {"name": name, "sha256": name},
        "preprocessing": {"corpora": {name: steps}, "default": name, "shows": "faces"},
    }
    return model_card("mine", metadata, METRICS, {}, "float32.onnx")


@pytest.mark.parametrize(
    "name",
    ["<script>x</script>", "`<img src=x>`", "[x](http://evil.example)", "a\n\n# b\n<b>", "\u202eknurt"],
)
def test_what_a_model_says_of_itself_is_no_markup(name):
    text = card(name)
    assert "\u202e" not in text
    html = MarkdownIt("commonmark", {"html": True}).render(text)
    assert not any(tag in html for tag in ("<script", "<img", "<a ", "<b>"))
    assert html.count("<h1>") == 1


def test_plain_names_stay_as_they_are():
    text = card("timm/tf_efficientnet_lite0")
    assert "- network: timm/tf_efficientnet_lite0 at 64 pixels\n" in text
    assert "- trained on: `timm/tf_efficientnet_lite0` of timm/tf_efficientnet_lite0\n" in text
