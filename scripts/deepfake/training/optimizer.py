"""The optimiser, and the highest learning rate of each parameter."""

import re

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BATCH_NORMS
from torch.optim import Optimizer

from deepfake.networks.blocks import blocks_of
from deepfake.networks.detector import Detector
from deepfake.networks.heads import head_names
from deepfake.networks.settings import parse_arch
from deepfake.networks.tuning import head_parameters

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
LEARNING_RATES = {  # by whether the weights are pretrained, and whether the network has batch normalisation
    (False, True): 1e-3,
    (False, False): 3e-4,
    (True, True): 3e-4,
    (True, False): 5e-5,
}
WARMUP = 0.1  # of the epochs, at most one
UNDECAYED = re.compile(r"pos(ition)?_?emb|(token|bias|bias_table|biases)s?$")
"""Parameters of several dimensions that are no weights of layers: embeddings of positions, and tokens."""


def with_defaults(model: dict, network: nn.Module) -> dict:
    """Return a model's section with numbers for `lr` and `warmup` where they are null.

    A pretrained network is trained more gently than a new one, and one without batch normalisation, such as a
    transformer, more gently than one with it. Where its weights are frozen, and its head, norms or adapters
    alone are trained, these have the rate of a new one.
    """
    pretrained = bool(model["weights"]) or model["arch"].startswith("hf/")
    pretrained = pretrained and model["tune"] not in ("head", "norms", "lora")
    normalised = any(isinstance(module, BATCH_NORMS) for module in network.modules())
    lr, warmup = LEARNING_RATES[pretrained, normalised], min(1.0, WARMUP * model["epochs"])
    return model | {
        "lr": lr if model["lr"] is None else model["lr"],
        "warmup": warmup if model["warmup"] is None else model["warmup"],
    }


def make_optimizer(detector: Detector, model: dict) -> Optimizer:
    """Return the optimiser of a model's section (`optimizer`, `lr`, `layer_decay`, `weight_decay`).

    Biases and the scales of normalisation layers, tensors of one dimension, get no weight decay, and neither
    do embeddings of positions and tokens. Each group has its highest learning rate as `highest`.
    """
    rates = learning_rates(detector, model)
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for is_decayed in (True, False):
        for name, rate in rates.items():
            parameter = detector.get_parameter(name)
            if is_decayed == (parameter.ndim > 1 and not UNDECAYED.search(name)):
                groups.setdefault((is_decayed, rate), []).append(parameter)
    decay = model["weight_decay"]
    return OPTIMIZERS[model["optimizer"]](
        [
            {"params": parameters, "lr": rate, "highest": rate, "weight_decay": decay if is_decayed else 0.0}
            for (is_decayed, rate), parameters in groups.items()
        ]
    )


def learning_rates(detector: Detector, model: dict) -> dict[str, float]:
    """Return the highest learning rate of each parameter that is trained, by its name in `detector`.

    `lr` may be one for all, or that of the `encoder` and that of the `head`. With a `layer_decay` each block
    of the encoder has that times the one of the block after it, as in "BEiT: BERT Pre-Training of Image
    Transformers" (Bao et al., ICLR 2022); the last one's counts once.
    """
    network, (library, _) = detector.network, parse_arch(model["arch"])
    trained = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    lr = model["lr"] if isinstance(model["lr"], dict) else {"encoder": model["lr"], "head": model["lr"]}
    head = head_parameters(library, network)
    rates = {name: lr["head"] if name in head else lr["encoder"] for name in trained}
    if model["layer_decay"] is not None:
        blocks = blocks_of(library, network, head_names(library, network))
        for depth, names in enumerate(reversed(blocks)):
            for name in rates.keys() & set(names):
                rates[name] *= model["layer_decay"] ** depth
    return {f"network.{name}": rate for name, rate in rates.items()}
