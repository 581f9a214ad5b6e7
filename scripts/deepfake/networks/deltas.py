"""Delta checkpoints: what was trained of a network, without the encoder that it was trained from.

A few megabytes instead of a gigabyte where the norms or the head of a large encoder were trained. Such a
network opens only with the same encoder, whose fingerprint the delta has.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from deepfake.errors import ModelError, UserError
from deepfake.networks.build import network_on_meta
from deepfake.networks.encoders import as_bytes, encoder_source, fingerprint, read_encoder

MOST_TENSORS = 20_000  # of an encoder
MOST_SHARE = 0.9  # of a network's bytes, above which a delta saves nothing


def encoder_of(spec: dict, network: nn.Module, limits: dict | None = None) -> dict[str, Tensor]:
    """Return the weights that `network`, of a Built.spec, was or will be trained from, without the head.

    Raises UserError, which says what to write, where there is no such encoder.
    """
    try:
        return read_encoder(spec, encoder_source(spec), network, limits)
    except ModelError as error:
        raise UserError(f"checkpoint: delta can't be used: {error}; write checkpoint: full") from None


def as_delta(state: Mapping[str, Tensor], encoder: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict]:
    """Return the tensors of `state` that `encoder` lacks or has with other bytes, and what to find it by.

    The latter is the key `encoder` of a checkpoint: `sha256`, the encoder's fingerprint. Raises UserError if
    so much was trained that nothing is saved.
    """
    delta = {
        key: value
        for key, value in state.items()
        if key not in encoder or not torch.equal(as_bytes(value.cpu()), as_bytes(encoder[key]))
    }
    size, whole = (sum(value.nbytes for value in part.values()) for part in (delta, state))
    if size > MOST_SHARE * whole:
        raise UserError(
            f"checkpoint: delta saves nothing: {size / whole:.0%} of the network's weights differ from the "
            "encoder's; write checkpoint: full"
        )
    return delta, {"sha256": fingerprint(encoder)}


def complete(network: dict, path: str | Path, limits: dict | None = None) -> dict[str, Tensor]:
    """Return the whole state_dict of a network of which the file `path` has a delta.

    `network` has `network`, a Built.spec, and `state` and `encoder` as `as_delta` returns them; the metadata
    has been checked, and that the state is plain tensors. The encoder is where it was when the network was
    trained, or beside `path`. Raises ModelError if it isn't, or is another one, and if the delta isn't one of
    that network.
    """
    spec, delta = network["network"], network["state"]
    try:
        source = encoder_source(spec, Path(path).parent)
        made = network_on_meta(spec, delta, str(path), MOST_TENSORS)
        own = made.state_dict()
        _check_delta(own, delta, path)
        encoder = read_encoder(spec, source, made, limits)
    except ModelError as error:
        raise ModelError(f"{path} is a delta checkpoint that can't be completed: {error}") from None
    except (ValueError, LookupError, TypeError) as error:
        raise ModelError(f"{path} names a network that can't be made: {error}") from None
    found, wanted = fingerprint(encoder), network["encoder"]["sha256"]
    if found != wanted:
        where = source["weights"] or source["arch"]
        raise ModelError(
            f"{path} was trained from another encoder than {where}: from that of the fingerprint "
            f"{wanted[:16]}, and this one's is {found[:16]}; copy the same encoder there"
        )
    return {key: delta.get(key, encoder.get(key)) for key in own if key in delta or key in encoder}


def _check_delta(own: Mapping[str, Tensor], delta: Mapping[str, Tensor], path: str | Path) -> None:
    for key, value in delta.items():
        if key not in own:
            raise ModelError(f"the network has no {key}")
        if value.shape != own[key].shape:
            raise ModelError(f"{key} is {tuple(value.shape)}, and {tuple(own[key].shape)} in the network")
