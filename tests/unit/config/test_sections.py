"""What each step gets of the configuration: what it depends on, and no more; and the paths of files."""

import pytest
from made.config import DEFAULTS, checked

from deepfake.config.sections import (
    dataset_section,
    embedded_corpora,
    faces_section,
    frames_section,
    index_section,
    media_limits,
    model_of_encoder,
    model_section,
    people_section,
)
from deepfake.detection.media import LIMITS
from deepfake.errors import UserError
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.settings import uses_pairs
from deepfake.networks.feature_settings import encoder_name
from deepfake.people.settings import DLIB_DISTANCES

SHA = "a1" * 32


def test_a_corpus_may_override_frames_and_faces():
    config = checked("corpora: {demo: {frames: {strategy: fractions}, faces: {margin: 2, search: track}}}")
    assert frames_section(config, "demo")["strategy"] == "fractions"
    assert frames_section(config, "demo_ffpp")["strategy"] == "uniform"
    assert faces_section(config, "demo")["margin"] == 2
    assert faces_section(config, "demo_ffpp")["margin"] == 1.3


@pytest.mark.parametrize("key", ["every: 7", "max: null", "at: [1/5]"])
def test_an_unused_key_of_frames_changes_nothing(key):
    assert frames_section(checked(f"frames: {{{key}}}"), "demo") == frames_section(checked(), "demo")
    assert index_section(checked(f"frames: {{{key}}}"), "demo") == index_section(checked(), "demo")


@pytest.mark.parametrize("key", ["count: 7", "boost: 1"])
def test_the_number_of_frames_is_a_setting_of_the_index(key):
    assert frames_section(checked(f"frames: {{{key}}}"), "demo") == frames_section(checked(), "demo")
    assert index_section(checked(f"frames: {{{key}}}"), "demo") != index_section(checked(), "demo")
    other = "strategy: fractions"
    one, two = (checked(f"frames: {{{text}}}") for text in (other, f"{other}, {key}"))
    assert index_section(one, "demo") == index_section(two, "demo")


@pytest.mark.parametrize("key", ["quality: 60", "format: png"])
def test_a_used_key_of_frames_changes_its_section(key):
    assert frames_section(checked(f"frames: {{{key}}}"), "demo") != frames_section(checked(), "demo")


def test_frames_depend_on_the_seed_only_if_they_are_random():
    for strategy, depends in (("uniform", False), ("random", True)):
        one, two = (checked(f"{{seed: {s}, frames: {{strategy: {strategy}}}}}") for s in (1, 2))
        assert (frames_section(one, "demo") != frames_section(two, "demo")) == depends


def test_crops_depend_on_their_size_and_format_only():
    section = faces_section(
        checked("faces: {detector: none, margin: 2, search: track, max_faces: 1}"), "demo"
    )
    assert section == {"detector": "none", "format": "jpg", "quality": 95, "size": 224}


def test_a_list_of_detectors_uses_the_keys_of_all_of_them():
    def section(detector: str) -> dict:
        yunet = f"model: x.onnx, sha256: {SHA}"
        return faces_section(checked(f"faces: {{detector: {detector}, {yunet}}}"), "demo")

    assert set(section("[mmod, yunet]")) == set(section("mmod")) | set(section("yunet"))
    assert section("[dlib]") == section("dlib") != section("[dlib, yunet]") != section("[yunet, dlib]")


def test_pairs_are_in_the_section_only_where_they_are_used():
    assert not {"boxes", "masks"} & set(faces_section(checked("faces: {boxes: own, masks: false}"), "demo"))
    section = faces_section(checked("faces: {boxes: original, masks: true}"), "demo")
    assert (section["boxes"], section["masks"]) == ("original", True) and uses_pairs(section)
    assert not uses_pairs(faces_section(checked("faces: {detector: none, masks: true}"), "demo"))


def test_only_the_index_of_a_corpus_that_may_have_masks_depends_on_them():
    with_masks = checked("faces: {masks: true}")
    assert index_section(with_masks, "demo_ffpp") == index_section(checked(), "demo_ffpp") | {"masks": True}
    assert index_section(with_masks, "demo") == index_section(checked(), "demo")


UNUSED = ["min_score: 0.9", "model: x.onnx", f"sha256: {SHA}", "recount: 5", "border: reflect"]
UNUSED += ["smooth: 1", "smoothing: exponential"]


@pytest.mark.parametrize("key", UNUSED)
def test_an_unused_key_of_faces_changes_nothing(key):
    assert faces_section(checked(f"faces: {{{key}}}"), "demo") == faces_section(checked(), "demo")


def test_quality_of_a_png_changes_nothing():
    one, two = (
        checked(f"{{frames: {{format: png, quality: {q}}}, faces: {{format: png, quality: {q}}}}}")
        for q in (60, 90)
    )
    assert frames_section(one, "demo") == frames_section(two, "demo")
    assert faces_section(one, "demo") == faces_section(two, "demo")


def test_sections_of_index_and_dataset_hold_what_they_depend_on():
    config = checked("corpora: {demo: {max_videos: 3}}")
    section = index_section(config, "demo")
    own = {"layout": "dfdc", "max_videos": 3, "columns": None, "frames": {"count": 10, "boost": 8}}
    limits = {key: config["limits"][key] for key in ("members", "member_gb", "total_gb", "ratio")}
    assert section == own | {"seed": config["seed"], "shard_size": config["shard_size"], "limits": limits}
    assert dataset_section(config, "dataset_2gb")["seed"] == config["seed"]


TOGETHER = DEFAULTS["people"]["together"]
REAL = "corpora: {mine: {layout: dfdc, folder: /x}}"
NETWORK = "model: x.onnx, input: {side: 112, template: arcface}, link: 1, guard: 0.9, fail: 0.8"


def people_of(text: str, **settings: object) -> dict:
    """The section `people` of a dataset with these settings over the corpora demo and mine."""
    dataset = {"corpora": ["demo", "mine"], **settings}
    return dataset_section(checked(f"{{{REAL}, datasets: {{d: {dataset}}}, {text}}}"), "d")["people"]


def test_a_dataset_overrides_the_distances_of_people():
    assert people_of("") == {"by": "both", **DLIB_DISTANCES, "together": TOGETHER}
    own = {"by": "faces", "link": 0.3, "together": 0.1}
    assert people_of("people: {link: 0.2, guard: 0.1}", people=own) == {
        **own, "guard": 0.1, "fail": DLIB_DISTANCES["fail"],
    }  # fmt: skip
    assert people_of(f"people: {{{NETWORK}}}", people={"link": 0.5}) == {
        "by": "both", "link": 0.5, "together": TOGETHER, "guard": 0.9, "fail": 0.8,
    }  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{"images": "frames"}, {"corpora": ["demo", "demo_ffpp"]}, {"people": {"by": "names"}}]
)
def test_a_dataset_by_names_depends_on_no_distance(settings):
    assert people_of("people: {link: 0.2}", **settings) == {"by": "names"}


def test_embeddings_depend_on_no_distance():
    config = checked("people: {link: 0.2, together: 1, guard: 0.1, fail: 0.1, keep: false}")
    assert people_section(config) == people_section(checked()) == {"crops": 5}
    assert people_section(checked("people: {crops: 3}")) == {"crops": 3}


def test_embeddings_depend_on_the_content_of_the_users_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = checked(f"people: {{{NETWORK}}}")
    sections = [people_section(config)]
    for content in (b"one", b"two", b"one"):
        (tmp_path / "x.onnx").write_bytes(content)
        sections.append(people_section(config))
    assert sections[0]["model"] == "x.onnx" and sections[0]["input"]["side"] == 112
    assert sections[1] == sections[3] != sections[2] and sections[0] not in sections[1:]


def test_a_plan_by_people_reads_embeddings_of_all_corpora_that_are_not_drawn():
    def corpora(**settings: object) -> list[str]:
        dataset = {"corpora": ["demo", "mine"], **settings}
        return embedded_corpora(checked(f"{{{REAL}, datasets: {{d: {dataset}}}}}"), "d")

    assert corpora() == corpora(people={"by": "faces"}) == ["mine"]
    for settings in ({"policy": "group"}, {"images": "frames"}, {"people": {"by": "names"}}):
        assert corpora(**settings) == []
    assert corpora(corpora=["demo"]) == []


def test_programs_run_by_hand_have_the_limits_of_the_config():
    limits = checked()["limits"]
    assert {key: limits[key] for key in LIMITS} == LIMITS and media_limits(checked()) == MEDIA_LIMITS


def test_features_belong_to_the_first_model_that_trains_a_head_on_them():
    network, head = "arch: timm/resnet18, weights: w.pt", "tune: head"
    models = f"a: {{{network}}}, b: {{{network}, {head}}}, c: {{{network}, {head}, lr: 0.1}}"
    config = checked(f"models: {{{models}}}")
    assert model_of_encoder(config, encoder_name(model_section(config, "c"))) == model_section(config, "b")
    with pytest.raises(UserError, match="no model of this config has features of the name other"):
        model_of_encoder(config, "other")


def test_originals_give_the_frames_of_partial_fakes_only_where_faces_are_paired():
    table = "layout: csv, columns: {path: p, label: l, original: o"
    corpora = "corpora: {{mine: {{folder: a, {}}}}}, faces: {{masks: {}}}"
    with_segments, without = f"{table}, segments: s}}", f"{table}}}"
    pairs = {
        (columns, masks): index_section(checked("{" + corpora.format(columns, masks) + "}"), "mine").get(
            "pairs"
        )
        for columns in (with_segments, without)
        for masks in ("true", "false")
    }
    assert [key for key, value in pairs.items() if value] == [(with_segments, "true")]
