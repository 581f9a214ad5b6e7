"""The head of a network, the last layers that give its outputs: which they are, and how new ones start."""

import math
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from deepfake.errors import UserError

LAYERS = nn.Linear | nn.Conv2d
SPREAD = 0.02  # standard deviation of a new head's first logits, over the root mean square of its inputs
LEAST_SHARE = 0.01  # of a class, by which a new head's bias starts: no class begins as impossible
ATTENTION = 128  # hidden values of the attention over frames


class Head(nn.Linear):
    """The last layer of a network: logits of its features, float32 (N, D).

    With `l2` features are scaled to length 1 first. `attention` is a small network that gives each image a
    score, (N, 1), which weighs it among the frames of its video (Ilse, Tomczak and Welling, "Attention-based
    Deep Multiple Instance Learning", ICML 2018). While `keeps` is true, `features` are those of the last
    batch, as the linear layer got them.
    """

    def __init__(self, layer: nn.Linear, l2: bool = False, attention: bool = False):
        nn.Module.__init__(self)  # the parameters are those of `layer`
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.weight, self.bias = layer.weight, layer.bias
        self.l2, self.keeps = l2, False
        self.features: Tensor | None = None
        self.attention = None
        if attention:
            hidden = nn.Linear(self.in_features, ATTENTION)
            self.attention = nn.Sequential(hidden, nn.Tanh(), nn.Linear(ATTENTION, 1, bias=False))

    def forward(self, features: Tensor) -> Tensor:
        if self.l2:
            features = functional.normalize(features, dim=-1)
        if self.keeps:
            self.features = features
        return super().forward(features)

    def take_features(self) -> tuple[Tensor, Tensor | None]:
        """Return the features of the last batch, (N, D), and their attention scores, (N,); forget them."""
        features, self.features = self.features, None
        return features, None if self.attention is None else self.attention(features)[:, 0]


def install_head(network: nn.Module, names: Collection[str], l2: bool, attention: bool) -> str | None:
    """Put a Head into `network` in place of its last layer, and return its name.

    `names` are those of head_names. Networks whose head is a convolution, or two layers, stay as they are:
    None. Raises UserError if `l2` or `attention` is asked of one of these.
    """
    (name,) = names if len(names) == 1 else [""]
    layer = network.get_submodule(name)
    if not isinstance(layer, nn.Linear):
        if l2 or attention:
            asked = "head_norm: l2" if l2 else "frames above 1"
            raise UserError(f"{asked} needs a network whose head is one linear layer; this one has another")
        return None
    network.set_submodule(name, Head(layer, l2, attention))
    return name


def head_names(library: str, network: nn.Module) -> list[str]:
    """Return the names of the layers that give the outputs; some networks of timm average two."""
    if (installed := find_head(network)) is not None:  # which may have layers of its own
        return [installed]
    if library != "timm":
        return _layers(network)[-1:]
    names = network.pretrained_cfg["classifier"]
    names = [names] if isinstance(names, str) else list(names)
    inside = {name: _layers(network.get_submodule(name))[-1:] for name in names}  # "" for a layer itself
    return [f"{name}.{layer}".rstrip(".") for name, layers in inside.items() for layer in layers]


def find_head(network: nn.Module) -> str | None:
    """Return the name of the Head in a network, None if it has none."""
    return next((name for name, module in network.named_modules() if isinstance(module, Head)), None)


def head_keys(network: nn.Module, names: Collection[str]) -> list[str]:
    """Return the names of the parameters of the layers `names`."""
    return [key for key, _ in network.named_parameters() if key.rpartition(".")[0] in names]


def head_outputs(state: Mapping[str, Tensor], names: Collection[str]) -> int | None:
    """Return the number of outputs of the layers `names` in a state_dict; None if it has none of them."""
    weights = [state[f"{name}.weight"] for name in names if f"{name}.weight" in state]
    return len(weights[0]) if weights and weights[0].ndim else None


def without_head(state: Mapping[str, Tensor], names: Collection[str]) -> dict[str, Tensor]:
    """Return a state_dict without the layers `names`."""
    return {key: value for key, value in state.items() if key.rpartition(".")[0] not in names}


def split_attention(
    state: Mapping[str, Tensor], names: Collection[str]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return a state_dict without the attention over frames of the layers `names`, and the attention's."""
    prefixes = tuple(f"{name}.attention." for name in names)
    rest = {key: value for key, value in state.items() if not key.startswith(prefixes)}
    attention = {key.partition(".attention.")[2]: state[key] for key in state.keys() - rest.keys()}
    return rest, attention


def start_head(network: nn.Module, keys: Collection[str], share: float = 0.5, fake: int = 1) -> None:
    """Give the parameters `keys` of a new head their first values, from torch's random numbers.

    Libraries draw them as is good for a thousand outputs; with one they would say much before they know
    anything. Here the first probability of fake is about `share`, the share of fakes in what the network is
    trained on: the weights are small whatever the number of inputs, and the bias is the logit of `share`. Of
    two outputs number `fake` is that of fake. A layer without a bias starts at 0.5.
    """
    share = min(max(share, LEAST_SHARE), 1 - LEAST_SHARE)
    logit = math.log(share / (1 - share))
    with torch.no_grad():
        for key in keys:
            values = network.get_parameter(key)
            if values.ndim > 1:
                values.normal_(std=SPREAD / math.sqrt(values[0].numel()))
            elif len(values) == 1:
                values.fill_(logit)
            else:
                values.fill_(-logit / 2)
                values[fake] = logit / 2


def _layers(module: nn.Module) -> list[str]:
    """Return the names of the layers in `module`, without those of the attention over frames."""
    heads = [part for part in module.modules() if isinstance(part, Head) and part.attention is not None]
    attention = {part for head in heads for part in head.attention.modules()}
    named = module.named_modules()
    return [name for name, layer in named if isinstance(layer, LAYERS) and layer not in attention]
