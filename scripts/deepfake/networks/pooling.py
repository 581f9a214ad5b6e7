"""What the head of a transformer sees: the class token, or the mean of the patches' tokens."""

from collections.abc import Callable

import torchvision
from torch import Tensor, nn

from deepfake.errors import UserError

TIMM = {"cls": "token", "mean": "avg"}
"""What timm calls them."""

HUGGING_FACE = {"vit": ("cls", 1), "deit": ("cls", 2), "vit_msn": ("cls", 1), "ijepa": ("mean", 0)}
HUGGING_FACE |= {"clip": ("mean", 1), "metaclip_2": ("mean", 1), "siglip": ("mean", 0)}
"""For models of transformers their own pooling, and how many tokens come before those of the patches."""

WITH_POOLER = ("clip", "metaclip_2")  # which normalise the class token after they have taken it


def set_pooling(library: str, network: nn.Module, pooling: str | None) -> bool:
    """Have the head of `network` get `cls` or `mean`; return whether that isn't what it got before.

    None leaves the network's own. The normalisation of the tokens stays that of the weights; a pooling by
    attention is taken out. Raises UserError for networks that have no tokens, or no class token.
    """
    if pooling is None:
        return False
    if library == "timm":
        return _set_timm(network, pooling)
    if library == "hf":
        return _set_hugging_face(network, pooling)
    if isinstance(network, torchvision.models.VisionTransformer) and pooling == "cls":
        return False
    raise _unknown(pooling, "this network")


def pool_tokens(model: nn.Module, pooling: str) -> Callable[..., Tensor]:
    """Return the function from `pixel_values`, (N, 3, size, size), to the features (N, D) of a transformer.

    `model` is an image classifier of transformers, of a kind in HUGGING_FACE.
    """
    kind = model.config.model_type
    encoder = model.base_model if model.base_model is not model else model.vision_model

    def features(**options: object) -> Tensor:
        outputs = encoder(**options)
        if pooling == "mean":
            return outputs.last_hidden_state[:, HUGGING_FACE[kind][1] :].mean(1)
        return outputs.pooler_output if kind in WITH_POOLER else outputs.last_hidden_state[:, 0]

    return features


def _set_timm(network: nn.Module, pooling: str) -> bool:
    own = getattr(network, "global_pool", None)
    if not isinstance(own, str) or not hasattr(network, "num_prefix_tokens") or hasattr(network, "head_dist"):
        raise _unknown(pooling, "this network of timm")
    if pooling == "cls" and getattr(network, "cls_token", None) is None:
        raise _unknown(pooling, "this network of timm, which has no class token")
    if own == TIMM[pooling]:
        return False
    network.global_pool = TIMM[pooling]
    if getattr(network, "attn_pool", None) is not None:
        network.attn_pool = None
    return True


def _set_hugging_face(network: nn.Module, pooling: str) -> bool:
    kind = network.model.config.model_type
    if kind not in HUGGING_FACE:
        raise _unknown(pooling, f"transformers' {kind}")
    own, before = HUGGING_FACE[kind]
    if pooling == "cls" and not before:
        raise _unknown(pooling, f"transformers' {kind}, which has no class token")
    network.pooling = None if pooling == own else pooling
    return pooling != own


def _unknown(pooling: str, what: str) -> UserError:
    return UserError(f"pooling: {pooling} can't be had of {what}; write null, or take a ViT of timm")
