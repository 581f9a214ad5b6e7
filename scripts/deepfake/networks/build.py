"""Build a detector from a `models` section, and rebuild it from what a checkpoint holds."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from deepfake.console import log
from deepfake.errors import ModelError, UserError
from deepfake.hashing import seeded_hash
from deepfake.inputs.geometry import Geometry
from deepfake.networks.architectures import CANT_RUN, make_network
from deepfake.networks.cost import cost_of, limited_modules, parameters_on_meta
from deepfake.networks.detector import Detector
from deepfake.networks.heads import (
    find_head,
    head_keys,
    head_names,
    head_outputs,
    install_head,
    split_attention,
    start_head,
    without_head,
)
from deepfake.networks.keras_weights import read_keras_weights
from deepfake.networks.limits import MODEL_LIMITS, check_cost
from deepfake.networks.mesonet import Meso4, MesoInception4
from deepfake.networks.pooling import set_pooling
from deepfake.networks.pretrained import make_pretrained
from deepfake.networks.settings import geometry_of, head_conflict, parse_arch, weights_file
from deepfake.networks.state_dicts import find_state_dict
from deepfake.networks.tuning import tune
from deepfake.networks.weights import assign_weights, check_fit, load_weights, read_weights_file

# transformers takes seconds to import: `huggingface` is imported where a network needs it.


@dataclass(frozen=True, eq=False)
class Built:
    """A detector in training mode, the geometry of its images, and its `spec`.

    `spec` is plain JSON, from which `rebuild` makes the detector again: arch, weights, geometry, mean, std,
    fake (the index of fake's output), for transformers config and preprocessor, `head`, the options `l2` and
    `attention` of the Head, where one is set, and `pooling`, where it isn't the network's own.
    """

    detector: Detector
    geometry: Geometry
    spec: dict


def build(model: dict, seed: int, share: float = 0.5, limits: dict | None = None) -> Built:
    """Return the detector of a `models` section (`arch`, `weights`, `head`, `image_size`, `epochs`, `tune`).

    Weights that the section doesn't give are random, from `seed`. A new head gives every image a probability
    of fake near `share`, that of fakes in the training set. What `tune` leaves out is frozen. `limits` are
    those of the config (default: MODEL_LIMITS), for weights from files. Raises UserError for an invalid
    section, and ModelError, one of these, if weights can't be had or are another network's, if it isn't known
    which of two outputs is fake, and if `epochs` is 0 and weights would be random.
    """
    if problem := head_conflict(model):
        raise UserError(problem)
    geometry = geometry_of(model)
    library, name = parse_arch(model["arch"])
    size, file = geometry.size, weights_file(model)
    spec = {
        "arch": model["arch"],
        "weights": model.get("weights"),
        "geometry": asdict(geometry),
        "fake": 1,
    }
    with _random_numbers(seed):
        if library == "hf":
            from deepfake.networks import huggingface

            network, new, more = huggingface.load(name, model.get("head"), size, limits)
        else:
            weights = None if file else model.get("weights")
            network, mean, std = (
                make_pretrained(library, name, size, weights)
                if weights
                else make_network(library, name, size)
            )
            new, more = head_keys(network, head_names(library, network)), _scaling(mean, std)
        spec |= more
        attention: dict[str, Tensor] = {}
        if file:
            network, new, more, attention = _load_file(network, file, model, size, bool(new), limits)
            spec |= more
        of_file = spec.pop("pooling", None)
        pooling = model.get("pooling") or of_file
        if set_pooling(library, network, pooling) or of_file:
            spec["pooling"] = pooling
        start_head(network, new, share, spec["fake"])
        options = {"l2": model.get("head_norm") == "l2", "attention": model.get("frames", 1) > 1}
        if any(options.values()):
            spec["head"] = options
        head = install_head(network, head_names(library, network), **options)
    if options["attention"]:
        _load_attention(network.get_submodule(head).attention, attention, model, file or name)
    if new and (model.get("epochs") == 0 or model.get("head") not in (None, "new")):
        raise ModelError(
            f"{file or name} has no head for one or two classes (for {', '.join(new)}); write head: new and "
            "epochs above 0 to train one"
        )
    detector = Detector(network, spec["mean"], spec["std"], spec["fake"], head=head)
    _try_out(detector, model["arch"], size)
    with _random_numbers(seed):
        tune(detector, model, size)
    return Built(detector.train(), geometry, spec)


def rebuild(
    spec: dict, state: Mapping[str, Tensor], source: str = "the checkpoint", limits: dict | None = None
) -> Detector:
    """Return the detector of a Built.spec, with all weights from `state`; needs no file and no connection.

    Names and shapes are compared, and the cost of one image is found, before any memory is allocated. Raises
    UserError for the spec of no network, and ModelError, which names `source`, if `state` is not the
    state_dict of that network, or an image costs more than `limits` (default: MODEL_LIMITS).
    """
    size, limits = spec["geometry"]["size"], MODEL_LIMITS | (limits or {})
    network = network_on_meta(spec, state, source, len(state))
    check_fit(network.state_dict(), state, source)
    cost = cost_of(network, size)
    if cost:
        check_cost(cost.memory, cost.operations, source, limits)
    if not assign_weights(network, state, source):
        with _random_numbers(0):
            network = _remake(spec, state, source)
        load_weights(network, state, source)
    detector = Detector(network, spec["mean"], spec["std"], spec["fake"], cost, find_head(network))
    _try_out(detector, spec["arch"], size)
    return detector


def network_on_meta(spec: dict, state: Mapping[str, Tensor], source: str, tensors: int) -> nn.Module:
    """Return the network of a Built.spec on the device "meta", where its weights take no memory.

    It has as many outputs as `state`, which needs the head alone. Raises ValueError if it has far more
    modules than one with so many `tensors` of weights, and UserError, which names `source`, if there is no
    such network.
    """
    with limited_modules(tensors):
        return _without_memory(spec, state, source)


def _without_memory(spec: dict, state: Mapping[str, Tensor], source: str) -> nn.Module:
    """As `_remake`, with parameters on the device "meta", where they take no memory."""
    try:
        with torch.device("meta"):
            return _remake(spec, state, source)
    except UserError:
        if parse_arch(spec["arch"])[0] == "hf":  # where a file says how large all its tensors are
            raise
        with parameters_on_meta():  # a few, such as RegNet, compute with tensors while they are made
            return _remake(spec, state, source)


def _remake(spec: dict, state: Mapping[str, Tensor], source: str) -> nn.Module:
    """Return the network of a Built.spec, with new weights and as many outputs as `state` has."""
    library, name = parse_arch(spec["arch"])
    if library == "hf":
        from deepfake.networks import huggingface

        network = huggingface.remake(spec, source)
    else:
        size = spec["geometry"]["size"]
        network = make_network(library, name, size)[0]
        if head_outputs(state, head_names(library, network)) == 2:
            network = make_network(library, name, size, outputs=2)[0]
    set_pooling(library, network, spec.get("pooling"))
    options = spec.get("head", {"l2": False, "attention": False})
    install_head(network, head_names(library, network), options["l2"], options["attention"])
    return network


@contextmanager
def _random_numbers(seed: int) -> Iterator[None]:
    """Torch's random numbers on the CPU come from `seed` in this block, and go on as before after it."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seeded_hash(seed, "network"))
        yield


def _scaling(mean: Iterable[float], std: Iterable[float]) -> dict:
    return {"mean": [float(value) for value in mean], "std": [float(value) for value in std]}


def _load_file(
    network: nn.Module, path: Path, model: dict, size: int, is_new: bool, limits: dict | None
) -> tuple[nn.Module, list[str], dict, dict[str, Tensor]]:
    """Return a network with the weights of `path`, the parameters of a head that stays new, and spec changes.

    The last result is the state_dict of its attention over frames, empty without one. `network` is the one
    that the section `model` asks for; it is made again with two outputs if the file's head has two. `is_new`
    says that nothing is known of the outputs of `network`. A best.pt also gives mean and std.
    """
    library, name = parse_arch(model["arch"])
    names, option, more, known = head_names(library, network), model.get("head"), {}, None
    if path.suffix.lower() == ".h5":
        if not isinstance(network, Meso4 | MesoInception4):
            raise ModelError(
                f"{path}: only MesoNet's weights can be read from .h5; write a .pt or .safetensors"
            )
        state = read_keras_weights(path, network)
    else:
        content = read_weights_file(path, limits)
        if isinstance(content, dict) and "encoder" in content and "network" in content:
            raise ModelError(
                f"{path} is a delta checkpoint, which has only a part of the weights; convert it to "
                "float32.safetensors, and write the path of that"
            )
        state = find_state_dict(content, path, network, names)
        if isinstance(content, dict) and "network" in content and "classes" in content:
            more, known = _scaling(content["mean"], content["std"]), content["network"]["fake"]
            if set_pooling(library, network, content["network"].get("pooling")):
                more["pooling"] = content["network"]["pooling"]
    state, attention = split_attention(state, names)
    outputs = head_outputs(state, names)
    if isinstance(option, dict):
        known = option["fake"]
        if outputs == 1:
            raise ModelError(f"{path} has one output, which is taken for the logit of fake; write head: keep")
    if option == "new":
        state = without_head(state, names)
    elif outputs == 2 and (library != "hf" or is_new):
        if known is not None:
            more["fake"] = known
            if library != "hf":
                network = make_network(library, name, size, outputs=2)[0]
        elif option == "keep" or model.get("epochs") == 0:
            raise ModelError(
                f"{path} has a head of two classes, and doesn't say which is fake; write head: {{fake: 1}} "
                "if it is the second one, or head: {fake: 0}"
            )
        else:
            log.warning(
                "%s: its head of two classes is replaced, since it isn't known which is fake; to keep it "
                "write head: {fake: 1}, if that is the second one, or head: {fake: 0}",
                path,
            )
            state = without_head(state, names)
    return network, load_weights(network, state, path, names), more, attention


def _load_attention(network: nn.Module, state: dict[str, Tensor], model: dict, source: str | Path) -> None:
    """Load the attention over frames from weights that have one; others leave it new, to be trained."""
    if not state or model.get("head") == "new":
        if model.get("epochs") == 0:
            raise ModelError(
                f"{source} has no attention over frames; write epochs above 0 to train one, or frames: 1"
            )
        return
    try:
        network.load_state_dict(state)
    except RuntimeError:
        raise ModelError(f"{source}: its attention over frames doesn't fit the network") from None


def _try_out(detector: Detector, arch: str, size: int) -> None:
    """Run one black image, so that a size that the network can't take is found before any work is done."""
    training = detector.training
    detector.eval()
    try:
        with torch.inference_mode():
            detector(torch.zeros(1, 3, size, size))
    except CANT_RUN as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{arch} can't take images of {size}×{size} pixels ({reason}); set models.<model>.image_size"
        ) from None
    detector.train(training)
