"""Which models are trained on kept features, and which of them share these."""

import pytest
from made.decoded import MODEL

from deepfake.networks.feature_settings import encoder_name, encoder_section, keeps_features

HEAD = MODEL | {
    "arch": "timm/tf_efficientnet_lite0", "image_size": None, "weights": "lite0.pth", "tune": "head",
    "augment": "light", "feature_views": None,
}  # fmt: skip


@pytest.mark.parametrize(
    "changes, kept",
    [
        ({}, True),
        ({"arch": "hf/owner/model", "weights": None}, True),
        ({"tune": "all"}, False),
        ({"tune": {"last": 1}}, False),
        ({"weights": None}, False),
        ({"epochs": 0}, False),
        ({"self_blend": 0.5}, False),
    ],
)
def test_features_are_kept_where_a_head_alone_is_trained_on_a_given_network(changes, kept):
    assert keeps_features(HEAD | changes) is kept


@pytest.mark.parametrize(
    "changes",
    [
        {"lr": 0.5},
        {"epochs": 99},
        {"batch_size": 7},
        {"head": "new"},
        {"head_norm": "l2"},
        {"loss": "focal"},
        {"frames": 4},
        {"batches": "pairs"},
        {"feature_views": 4},
        {"channels_last": False},
    ],
)
def test_models_that_differ_in_their_heads_share_features(changes):
    assert encoder_name(HEAD | changes) == encoder_name(HEAD)
    assert encoder_section(HEAD | changes) == encoder_section(HEAD)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": "other.pth"},
        {"arch": "timm/tf_efficientnet_lite1"},
        {"image_size": 192},
        {"augment": "strong"},
        {"augment": {"flip": 0.5}},
        {"feature_views": 5},
        {"seed": 2},
        {"precision": "bf16"},
        {"pooling": "mean"},
    ],
)
def test_what_changes_the_features_changes_their_name(changes):
    assert encoder_name(HEAD | changes) != encoder_name(HEAD)


def test_the_name_says_which_network_and_what_size():
    assert encoder_name(HEAD).startswith("tf_efficientnet_lite0-224-bicubic-")
    assert encoder_name(HEAD | {"arch": "hf/owner/a.model-b"}).startswith("a.model_b-224-bilinear-")


def test_the_content_of_weights_counts(tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"one")
    model = HEAD | {"weights": str(path)}
    before = encoder_name(model)
    path.write_bytes(b"two")
    assert encoder_name(model) != before


def test_without_augmentation_there_is_one_view_and_no_seed():
    off = HEAD | {"augment": "off"}
    assert encoder_section(off)["feature_views"] == 1 and encoder_section(HEAD)["feature_views"] == 4
    assert encoder_name(off) == encoder_name(off | {"seed": 9})
