"""Low-rank adapters: beside each layer's frozen weights two small matrices, whose product is what is learnt.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022. The layers are those of peft,
which only training needs: merged into the weights, the product leaves the plain network.
"""

import re
import warnings
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

A, B, BASE = ".lora_A.default.weight", ".lora_B.default.weight", ".base_layer."
"""How peft names the matrices of a layer, and that it puts the layer itself below the adapted one."""

SAME = "Conv2dSame"  # timm's convolution with TensorFlow's padding


def add_adapters(network: nn.Module, size: int, settings: dict, head: Collection[str]) -> None:
    """Give each of adaptable_layers an adapter, but for those of the `head`; all else is frozen.

    `settings` are `rank`, `alpha` and `dropout`: the product of the matrices counts alpha / rank. The first
    one is random, from torch's random numbers, and the second one zero, so that the outputs stay as they are.
    """
    from peft import LoraConfig, inject_adapter_in_model  # takes seconds

    names = [name for name in adaptable_layers(network, size) if name not in head]
    config = LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules="|".join(map(re.escape, names)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inject_adapter_in_model(config, network)


def remove_adapters(network: nn.Module) -> None:
    """Give `network` its plain layers again, in place; without adapters nothing happens."""
    for name, module in list(network.named_modules()):
        if hasattr(module, "lora_A"):
            network.set_submodule(name, module.base_layer)


def adaptable_layers(network: nn.Module, size: int) -> list[str]:
    """Return the names of the linear layers and ungrouped convolutions that `network` calls for an image.

    Some networks use the weights of a layer without calling it, where an adapter would do nothing: such as
    the attention of torchvision's transformers. `size` is the side of the images.
    """
    called, handles = set(), []
    for name, module in network.named_modules():
        if _is_adaptable(module):
            handles.append(module.register_forward_hook(lambda *_, name=name: called.add(name)))
    training = {module: module.training for module in network.modules()}
    with torch.inference_mode():
        network.eval()(torch.zeros(1, 3, size, size))
    for module, mode in training.items():
        module.training = mode
    for handle in handles:
        handle.remove()
    return [name for name, _ in network.named_modules() if name in called]


def scaling_of(model: dict) -> float:
    """Return how much the product of the matrices counts, by a model's section (`tune`, `lora`)."""
    return model["lora"]["alpha"] / model["lora"]["rank"] if model.get("tune") == "lora" else 1.0


def is_adapter(name: str) -> bool:
    """Return whether a parameter of this name is a matrix of an adapter."""
    return name.endswith((A, B))


def adapter_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the matrices of all adapters in the state_dict of a network that has some."""
    return {key: value for key, value in state.items() if is_adapter(key)}


def adapted_layers(state: Mapping[str, Tensor]) -> list[str]:
    """Return the names of the layers that have an adapter in a state_dict."""
    return [key.removesuffix(A) for key in state if key.endswith(A)]


def merge_adapters(state: Mapping[str, Tensor], scaling: float) -> dict[str, Tensor]:
    """Return the state_dict of the plain network for that of one with adapters, on the same device.

    `scaling`, alpha / rank, weighs the products of the matrices. What has no adapter stays as it is. Sums are
    those of float64, rounded once, so that they don't hang on the number of threads.
    """
    layers = adapted_layers(state)
    plain = {f"{layer}{BASE}": f"{layer}." for layer in layers}
    merged = {}
    for key, value in state.items():
        if is_adapter(key):
            continue
        layer, base, rest = key.rpartition(BASE)
        merged[plain[layer + base] + rest if layer + base in plain else key] = value
    for layer in layers:
        weight = merged[f"{layer}.weight"]
        product = state[layer + B].double().flatten(1) @ state[layer + A].double().flatten(1)
        merged[f"{layer}.weight"] = (weight.double() + scaling * product.view(weight.shape)).to(weight.dtype)
    return merged


def _is_adaptable(module: nn.Module) -> bool:
    """Whether peft's adapter and its product do the same: not for weights that a subclass changes."""
    if type(module) is nn.Linear:
        return True
    is_plain = type(module) is nn.Conv2d or type(module).__name__ == SAME
    return is_plain and module.groups == 1 and module.dilation == (1, 1) and module.padding_mode == "zeros"
