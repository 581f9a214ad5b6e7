"""Which parameters of a network are trained: all, or those of its head, norms, adapters or last blocks."""

import re
from collections.abc import Collection

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from deepfake.errors import UserError
from deepfake.networks.blocks import blocks_of
from deepfake.networks.detector import Detector
from deepfake.networks.heads import head_names
from deepfake.networks.lora import add_adapters, is_adapter
from deepfake.networks.settings import parse_arch

NORMS = _NormBase | nn.LayerNorm | nn.GroupNorm | nn.RMSNorm
NORM_NAME = re.compile("norm|affine|grn", re.IGNORECASE)
"""Classes of normalisation that libraries write themselves: RmsNorm, GlobalResponseNorm, Affine, ..."""


def tune(detector: Detector, model: dict, size: int) -> None:
    """Freeze what a model's section (`arch`, `tune`, `lora`) doesn't train, and keep it still in training.

    `size` is the side of the images. With `lora` the network gets adapters, from torch's random numbers.
    Frozen layers stay in evaluation mode: their batch normalisation keeps its statistics, and there is no
    dropout in them. Where the head alone is trained, there is none before it either, so that its features are
    those of the untouched network. Raises UserError where the network hasn't what `tune` names.
    """
    how = model.get("tune", "all")
    if how == "all" or model.get("epochs") == 0:
        return
    network, (library, _) = detector.network, parse_arch(model["arch"])
    if how == "lora":
        add_adapters(network, size, model["lora"], head_names(library, network))
    freeze(detector, trained_names(library, network, how), head_parameters(library, network))


def trained_names(library: str, network: nn.Module, how: str | dict) -> set[str]:
    """Return the names of the parameters that a `tune` of the config trains; those of the head are always.

    `all`: every one; `head`: only the head's; `norms`: the scales and offsets of all normalisation layers;
    `lora`: the matrices of all adapters; `{"last": n}`: the last n blocks, as blocks_of counts them, and what
    comes after them. Raises UserError if there are no norms, or fewer blocks.
    """
    names = {name for name, _ in network.named_parameters()}
    head = head_parameters(library, network)
    if how == "all":
        return names
    if how == "head":
        return head
    if how == "lora":
        return {name for name in names if is_adapter(name)} | head
    if how == "norms":
        norms = norm_parameters(network)
        if not norms - head:
            raise UserError("tune: norms needs a network with normalisation layers; write head, or all")
        return norms | head
    blocks = blocks_of(library, network, head_names(library, network))
    number, last = len(blocks) - 2, how["last"]
    if last > number:
        raise UserError(
            f"tune: {{last: {last}}} can't be done, since the network has {number} blocks; write at most "
            f"{{last: {number}}}, or all"
        )
    return head.union(*blocks[-1 - last :])


def norm_parameters(network: nn.Module) -> set[str]:
    """Return the names of the scales and offsets of all normalisation layers of a network."""
    return {
        f"{name}.{key}".lstrip(".")
        for name, module in network.named_modules()
        for key, value in module.named_parameters(recurse=False)
        if isinstance(module, NORMS) or (NORM_NAME.search(type(module).__name__) and _is_vector(value))
    }


def freeze(detector: Detector, trained: Collection[str], head: Collection[str]) -> None:
    """Let only the parameters `trained` of a detector's network be trained; `head` are those of its head.

    The modules that this leaves without any stay in evaluation mode. So do batch normalisations where norms
    alone are trained: other statistics would change what all the frozen layers get.
    """
    for name, parameter in detector.network.named_parameters():
        parameter.requires_grad_(name in trained)
    moving: set[nn.Module] = set()
    if set(trained) <= set(head):
        owners = {name.rpartition(".")[0] for name in head}
        moving.update(module for name, module in detector.network.named_modules() if name in owners)
    else:
        _add_moving(detector.network, moving)
    if set(trained) - set(head) <= norm_parameters(detector.network):
        moving -= {module for module in moving if isinstance(module, _NormBase)}
    detector.still = [module for module in detector.network.modules() if module not in moving]


class Freezing:
    """What is trained in an epoch: in the first `freeze_epochs` the head alone, then all that `tune` names.

    `model` is a model's section (`arch`, `freeze_epochs`), whose `tune` has been applied to the detector.
    """

    def __init__(self, detector: Detector, model: dict):
        self.detector, self.epochs = detector, model["freeze_epochs"]
        self.is_frozen = False
        network = detector.network
        self.tuned = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
        self.head = head_parameters(parse_arch(model["arch"])[0], network)

    def begin(self, epoch: int) -> bool:
        """Freeze or thaw what the epoch, counted from 0, asks for; return whether that changed anything."""
        is_frozen = epoch < self.epochs
        if is_frozen == self.is_frozen:
            return False
        self.is_frozen = is_frozen
        freeze(self.detector, self.head if is_frozen else self.tuned, self.head)
        return True


def _add_moving(module: nn.Module, moving: set[nn.Module]) -> None:
    """Add a module that isn't frozen to `moving`, and those below it that aren't.

    A module without parameters, such as dropout, is as the one that it lies in.
    """
    moving.add(module)
    for child in module.children():
        parameters = list(child.parameters())
        if not parameters or any(parameter.requires_grad for parameter in parameters):
            _add_moving(child, moving)


def head_parameters(library: str, network: nn.Module) -> set[str]:
    """Return the names of the parameters of a network's head."""
    prefixes = tuple(f"{name}." for name in head_names(library, network))
    return {name for name, _ in network.named_parameters() if name.startswith(prefixes)}


def _is_vector(value: Tensor) -> bool:
    return sum(side > 1 for side in value.shape) <= 1
