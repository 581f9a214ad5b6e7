"""Delta checkpoints: what was trained of a network, without the encoder that it was trained from.

A few megabytes instead of a gigabyte where the head, the norms or adapters of a large encoder were trained.
Such a network opens only with the same encoder, whose fingerprint the delta has.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from deepfake.errors import ModelError, UserError
from deepfake.networks.build import network_on_meta
from deepfake.networks.encoders import as_bytes, encoder_source, fingerprint, read_encoder
from deepfake.networks.lora import A, B, adapted_layers, adapter_state, merge_adapters

MOST_TENSORS = 20_000  # of an encoder
MOST_SHARE = 0.9  # of a network's bytes, above which a delta saves nothing


def encoder_of(spec: dict, network: nn.Module, limits: dict | None = None) -> dict[str, Tensor]:
    """Return the weights that `network`, of a Built.spec, was or will be trained from, without the head.

    `network` may have adapters. Raises UserError, which says what to write, where there is no such encoder.
    """
    plain = network_on_meta(spec, network.state_dict(), spec["arch"], MOST_TENSORS)
    try:
        return read_encoder(spec, encoder_source(spec), plain, limits)
    except ModelError as error:
        raise UserError(f"checkpoint: delta can't be used: {error}; write checkpoint: full") from None


def as_delta(
    state: Mapping[str, Tensor],
    encoder: Mapping[str, Tensor],
    adapters: Mapping[str, Tensor] | None = None,
    scaling: float = 1.0,
) -> tuple[dict[str, Tensor], dict]:
    """Return the tensors of `state` that `encoder` lacks or has with other bytes, and what completes them.

    The latter is the key `encoder` of a checkpoint: `sha256`, the encoder's fingerprint. `adapters`, as
    adapter_state returns them, are merged in `state` with `scaling`: they take the place of their layers'
    weights, and `scaling` comes into the key. Raises UserError if so much was trained that nothing is saved,
    or if `adapters` and `encoder` don't give the weights of `state`.
    """
    adapters = adapters or {}
    merged = {f"{layer}.weight" for layer in adapted_layers(adapters)}
    delta = {
        key: value
        for key, value in state.items()
        if key not in encoder
        or not (key in merged or torch.equal(as_bytes(value.cpu()), as_bytes(encoder[key])))
    } | adapters
    completed = merge_adapters({**encoder, **delta}, scaling) if adapters else {}
    for key in sorted(merged):
        if not torch.equal(as_bytes(completed[key]), as_bytes(state[key].cpu())):
            raise UserError(
                f"checkpoint: delta can't be used: {key} wasn't trained from the encoder that is there now; "
                "put back the one that training began with"
            )
    size, whole = (sum(value.nbytes for value in part.values()) for part in (delta, state))
    if size > MOST_SHARE * whole:
        raise UserError(
            f"checkpoint: delta saves nothing: {size / whole:.0%} of the network's weights differ from the "
            "encoder's; write checkpoint: full"
        )
    return delta, {"sha256": fingerprint(encoder)} | ({"scaling": float(scaling)} if adapters else {})


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
        _check_delta(own, delta)
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
    if lacking := [layer for layer in adapted_layers(delta) if f"{layer}.weight" not in encoder]:
        raise ModelError(f"{path} has an adapter of {lacking[0]}, which isn't in its encoder")
    state = merge_adapters({**encoder, **delta}, network["encoder"].get("scaling", 1.0))
    return {key: state[key] for key in own if key in state}


def _check_delta(own: Mapping[str, Tensor], delta: Mapping[str, Tensor]) -> None:
    """Raise ModelError for a tensor that the network hasn't, or that has another shape than it takes."""
    adapters = adapter_state(delta)
    for key in delta.keys() - adapters.keys():
        if key not in own:
            raise ModelError(f"the network has no {key}")
        if delta[key].shape != own[key].shape:
            shapes = tuple(delta[key].shape), tuple(own[key].shape)
            raise ModelError(f"{key} has the shape {shapes[0]}, and {shapes[1]} in the network")
    layers = adapted_layers(adapters)
    if adapters.keys() != {layer + end for layer in layers for end in (A, B)}:
        raise ModelError("of an adapter, it has one of the two matrices")
    for layer in layers:
        weight, (first, second) = own.get(f"{layer}.weight"), (delta[layer + end] for end in (A, B))
        if weight is None or weight.ndim < 2:
            raise ModelError(f"the network has no layer {layer} for an adapter")
        if first.ndim < 2 or second.ndim < 2:
            raise ModelError(f"the adapter of {layer} isn't of two matrices")
        shapes = (second.flatten(1).shape, first.flatten(1).shape)
        if shapes != ((len(weight), len(first)), (len(first), weight[0].numel())):
            raise ModelError(f"the adapter of {layer} doesn't fit its weights, {tuple(weight.shape)}")
