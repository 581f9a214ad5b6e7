"""Make a network by its library and name, with new weights and one output, the logit of fake, or two.

To add a network of your own: a module with a class that takes the image size, an entry in OWN_NETWORKS here,
and one in settings.OWN. To add a library: a function `(name, size, outputs) -> (network, mean, std)` in
MAKERS, and the library's name in settings.LIBRARIES and settings.RESAMPLES.
"""

import difflib
from collections.abc import Callable, Iterable, Sequence

import torchvision
from torch import nn

from deepfake.errors import UserError
from deepfake.networks.heads import head_names
from deepfake.networks.huggingface_preprocessing import NO_MEAN, NO_STD
from deepfake.networks.mesonet import Meso4, MesoInception4

OWN_NETWORKS = {"meso4": Meso4, "mesoinception4": MesoInception4}
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])  # mean and std of RGB in [0, 1]
# The published weights of GoogLeNet and Inception are for pixels in [-1, 1], which transform_input makes of
# ImageNet's normalisation.
TENSORFLOW = {"aux_logits": False, "init_weights": True, "transform_input": True}
CANT_RUN = (AssertionError, ArithmeticError, IndexError, RuntimeError, TypeError, ValueError)
"""What libraries raise for a size or a shape that a network can't take."""

Made = tuple[nn.Module, Sequence[float], Sequence[float]]
"""A network, and the mean and standard deviation of RGB in [0, 1] that its pixels are normalised by."""


def make_network(library: str, name: str, size: int, outputs: int = 1, **options: object) -> Made:
    """Return a network for images of `size` pixels, with new weights from torch's random numbers.

    It has one output, the logit of fake, or two, a logit for each class. `options` go to timm. Raises
    UserError, which suggests similar names, if there is no such network, and if it can't be made for that
    size.
    """
    try:
        return MAKERS[library](name, size, outputs, **options)
    except UserError:
        raise
    except CANT_RUN as error:
        raise UserError(f"{library}/{name} can't be made for images of {size} pixels: {error}") from None


def _own(name: str, size: int, outputs: int) -> Made:
    network = OWN_NETWORKS[name](size)
    if outputs != 1:
        (head,) = head_names("own", network)
        network.set_submodule(head, nn.Linear(network.get_submodule(head).in_features, outputs))
    return network, NO_MEAN, NO_STD


def _torchvision(name: str, size: int, outputs: int) -> Made:
    names = torchvision.models.list_models(module=torchvision.models)
    if name not in names:
        raise UserError(f"torchvision has no classifier {name!r}{_suggestion(name, names)}")
    options = {}
    if name.startswith("vit_"):
        options = {"image_size": size}
    elif name.startswith("maxvit"):
        options = {"input_size": (size, size)}
    elif name in ("googlenet", "inception_v3"):
        options = TENSORFLOW
    network = torchvision.models.get_model(name, num_classes=outputs, **options)
    if name.startswith("squeezenet") and outputs == 1:
        network.classifier[2] = nn.Identity()  # a ReLU, with which no image could be called real
    return network, *IMAGENET


def _timm(name: str, size: int, outputs: int, **options: object) -> Made:
    import timm  # takes seconds

    base = name.partition(".")[0]
    if not timm.is_model(base):
        raise UserError(f"timm has no network {base!r}{_suggestion(base, timm.list_models())}")
    try:
        published = timm.get_pretrained_cfg(name)
    except RuntimeError:
        tags = ", ".join(timm_tags(base)) or "none"
        raise UserError(f"timm has no weights {name!r}; those of {base} are {tags}") from None
    if published and published.fixed_input_size and published.input_size[1:] != (size, size):
        options["img_size"] = size
    network = timm.create_model(name, num_classes=outputs, **options)
    return network, network.pretrained_cfg["mean"], network.pretrained_cfg["std"]


MAKERS: dict[str, Callable[..., Made]] = {"own": _own, "torchvision": _torchvision, "timm": _timm}


def timm_tags(base: str) -> list[str]:
    """Return the names of the weights that timm has for the network `base`."""
    import timm

    return [name.partition(".")[2] for name in timm.list_pretrained(f"{base}.*")]


def _suggestion(name: str, names: Iterable[str]) -> str:
    similar = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; did you mean {', '.join(similar)}?" if similar else ""
