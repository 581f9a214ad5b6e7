"""The blocks of a network in their order, from its input to its head."""

import re
from collections.abc import Callable

from torch import nn

BLOCK = re.compile(r"(Block|Bottleneck|Residual|MBConv|Layer|Inception[A-E]?|Fire)(V\d)?$")
"""The names of the classes that torchvision, transformers and this project give to blocks."""

LAYERS = nn.Linear | nn.Conv2d


def blocks_of(library: str, network: nn.Module, head: list[str]) -> list[list[str]]:
    """Return the names of all parameters of a network in lists, which go from its input to its head.

    The first list is what comes before the blocks, such as the embedding of patches, and the last one what
    comes after them: the final normalisation and the head, whose layers are `head`. Each list between them is
    a block: for timm's networks by timm's own order of layers, which is that of its layer decay; for others a
    module whose class is named as BLOCK, or in networks without any, such as VGG and Meso-4, a layer. What
    lies between two blocks, such as a reduction of the resolution, belongs to the first one.
    """
    if library == "timm" and hasattr(network, "group_matcher"):
        from timm.models import group_parameters  # takes seconds

        groups = group_parameters(network, network.group_matcher(coarse=False))
        return [groups[number] for number in sorted(groups)]
    starts = _outermost(network, lambda name, module: bool(BLOCK.search(type(module).__name__)))
    starts = starts or _outermost(network, lambda name, layer: isinstance(layer, LAYERS) and name not in head)
    blocks, after, current = [[]], [], None
    for name, _ in network.named_parameters():
        start = next((start for start in starts if name.startswith(f"{start}.")), None)
        if start is None:
            after.append(name)
            continue
        blocks[-1] += after
        after = []
        if start != current:
            blocks.append([])
        current = start
        blocks[-1].append(name)
    return [*blocks, after]


def _outermost(network: nn.Module, is_block: Callable[[str, nn.Module], bool]) -> list[str]:
    """Return the names of the modules below `network` that are blocks and lie in no other block."""
    found = []
    for name, module in network.named_modules():
        inside = found and name.startswith(f"{found[-1]}.")
        if name and not inside and is_block(name, module):
            found.append(name)
    return found
