"""Networks by name: made from a `models` section, and made again from a checkpoint's facts alone."""

import difflib
import socket
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from deepfake.hashing import seeded_hash
from deepfake.inputs.geometry import Geometry
from deepfake.networks import weights
from deepfake.networks.detector import Detector
from deepfake.networks.errors import WeightsDontFit, WeightsMissing
from deepfake.networks.keras_weights import read_h5
from deepfake.networks.mesonet import Meso4, MesoInception4
from deepfake.networks.settings import UNSCALED, geometry_of, parse_arch, weights_file

# timm and transformers take seconds to import and are imported where a network needs them.

MESO = {"meso4": Meso4, "mesoinception4": MesoInception4}
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and standard deviation of RGB, from 0 to 1
# Their published weights are for pixels from -1 to 1, which transform_input makes of ImageNet's scaling.
TENSORFLOW = {"aux_logits": False, "init_weights": True, "transform_input": True}
PATIENCE = 20  # seconds that a download may stand still


@dataclass(frozen=True, eq=False)
class Built:
    """A detector in training mode, what it takes, and `facts`, plain JSON that `rebuild` makes it from."""

    detector: Detector
    geometry: Geometry
    facts: dict


def build(model: dict, seed: int) -> Built:
    """The network of a `models` section (`arch`, `weights`, `image_size`; for hf `head`), with its weights.

    What no weights are given for is drawn from `seed`. torchvision's networks get a head of one output, the
    logit of fake, and so do timm's. Raises ValueError for a section that can't be, WeightsMissing where
    weights can't be had, and WeightsDontFit where they are another network's.
    """
    geometry = geometry_of(model)
    kind, name = parse_arch(model["arch"])
    size, file = geometry.size, weights_file(model)
    facts = {
        "arch": model["arch"],
        "weights": model.get("weights"),
        "geometry": {"size": size, "resize": geometry.resize, "resample": geometry.resample},
        "fake": 1,
    }
    with _drawn_from(seed):
        if kind == "hf":
            from deepfake.networks import huggingface

            network, own = huggingface.load(name, model.get("head") or "keep", size)
        else:
            network, own = _with_named_weights(kind, name, size, None if file else model.get("weights"))
    facts |= own
    if file:
        facts |= _load_file(network, file, _head(kind, network))
    detector = Detector(network, facts["mean"], facts["std"], facts["fake"])
    _try_out(detector, model["arch"], size)
    return Built(detector.train(), geometry, facts)


def rebuild(facts: dict, state: Mapping[str, Tensor], source: str = "the checkpoint") -> Detector:
    """The detector of `facts` with all its weights from `state`; needs no other file and no network.

    ValueError for facts of no network, WeightsDontFit, naming `source`, where `state` is not its state_dict.
    """
    kind, name = parse_arch(facts["arch"])
    size = facts["geometry"]["size"]
    with _drawn_from(0):
        if kind == "hf":
            from deepfake.networks import huggingface

            network = huggingface.remake(facts, state, source)
        else:
            network = _make(kind, name, size)[0]
    weights.lay(network, state, source)
    detector = Detector(network, facts["mean"], facts["std"], facts["fake"])
    _try_out(detector, facts["arch"], size)
    return detector


@contextmanager
def _drawn_from(seed: int):
    """Torch's numbers on the CPU come from `seed` in this block, and go on as before after it."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seeded_hash(seed, "network"))
        yield


def _make(kind: str, name: str, size: int, **options) -> tuple[nn.Module, dict]:
    """The network with new weights, and its `mean` and `std`."""
    try:
        if kind == "meso":
            return MESO[name](size), _scaling(*UNSCALED)
        if kind == "torchvision":
            return _torchvision(name, size), _scaling(*IMAGENET)
        return _timm(name, size, **options)
    except (AssertionError, ArithmeticError, IndexError, RuntimeError, TypeError) as error:
        raise ValueError(f"{kind}/{name} can't be made for images of {size} pixels: {error}") from None


def _scaling(mean: Iterable[float], std: Iterable[float]) -> dict:
    return {"mean": [float(value) for value in mean], "std": [float(value) for value in std]}


def _torchvision(name: str, size: int) -> nn.Module:
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise ValueError(f"torchvision has no classifier {name!r}{_near(name, known)}")
    options = {}
    if name.startswith("vit_"):
        options = {"image_size": size}
    elif name.startswith("maxvit"):
        options = {"input_size": (size, size)}
    elif name in ("googlenet", "inception_v3"):
        options = TENSORFLOW
    return torchvision.models.get_model(name, num_classes=1, **options)


def _timm(name: str, size: int, **options) -> tuple[nn.Module, dict]:
    import timm

    base = name.partition(".")[0]
    if not timm.is_model(base):
        raise ValueError(f"timm has no network {base!r}{_near(base, timm.list_models())}")
    try:
        settings = timm.get_pretrained_cfg(name)
    except RuntimeError:
        tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{base}.*")]
        raise ValueError(
            f"timm has no weights {name!r}; those of {base} are {', '.join(tags) or 'none'}"
        ) from None
    if settings and settings.fixed_input_size and settings.input_size[1:] != (size, size):
        options["img_size"] = size
    network = timm.create_model(name, num_classes=1, **options)
    return network, _scaling(network.pretrained_cfg["mean"], network.pretrained_cfg["std"])


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {', '.join(near)}?" if near else ""


def _with_named_weights(kind: str, name: str, size: int, wanted: str | None) -> tuple[nn.Module, dict]:
    """The network with weights that its library knows by the name `wanted`; with new ones for None."""
    if not wanted:
        return _make(kind, name, size)
    if kind == "meso":
        raise WeightsMissing(
            f"{name} has no weights {wanted!r}; write the path of a file, .h5 (the authors') or .pt"
        )
    if kind == "timm":
        return _pretrained_timm(name, size, wanted)
    network, scaling = _make(kind, name, size)
    known = torchvision.models.get_model_weights(name).__members__
    if wanted not in known:
        names = ", ".join(known)
        raise ValueError(
            f"torchvision/{name} has no weights {wanted!r}; write {names}, or the path of a file"
        )
    chosen = known[wanted]
    try:
        with _no_endless_wait():
            content = chosen.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: the file is not the one that was published
        raise WeightsMissing(_advice(f"torchvision/{name}", wanted, chosen.url, error)) from None
    source = f"{name} {wanted}"
    weights.lay(network, weights.state_in(content, source, network), source, _head(kind, network))
    transforms = chosen.transforms()
    return network, _scaling(transforms.mean, transforms.std) if hasattr(transforms, "mean") else scaling


def _pretrained_timm(name: str, size: int, wanted: str) -> tuple[nn.Module, dict]:
    """timm's own weights; it fits their head and positions to the network by itself."""
    import timm

    full = name if wanted == "pretrained" else f"{name.partition('.')[0]}.{wanted}"
    network, _ = _make("timm", full, size)
    settings = network.pretrained_cfg
    repository, url = settings.get("hf_hub_id"), settings.get("url")
    if not repository and not url:
        tags = ", ".join(
            known.partition(".")[2] for known in timm.list_pretrained(f"{name.partition('.')[0]}.*")
        )
        raise ValueError(f"timm/{full} has no published weights; those of this network are: {tags or 'none'}")
    options = {"pretrained": True}
    try:
        if repository and (cached := weights.cached_weights(repository)):
            options["pretrained_cfg_overlay"] = {"file": cached}
        elif repository:
            weights.check_hub()
        with _no_endless_wait():
            return _make("timm", full, size, **options)
    except OSError as error:
        where = f"https://huggingface.co/{repository}" if repository else url
        raise WeightsMissing(_advice(f"timm/{full}", wanted, where, error)) from None


def _advice(arch: str, wanted: str, where: str, error: Exception) -> str:
    return (
        f"the weights {wanted!r} of {arch} can't be fetched from {where} ({error}). Fetch them on a machine "
        "with a connection, copy the file here and write its path in `weights`; or write weights: null for "
        "new ones"
    )


@contextmanager
def _no_endless_wait():
    """A download that gets no bytes ends; torch.hub itself would wait forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _load_file(network: nn.Module, path: Path, head: list[str]) -> dict:
    """Lay the weights of `path` into `network`; gives `mean` and `std` of a checkpoint of our own."""
    if path.suffix.lower() == ".h5":
        if not isinstance(network, Meso4 | MesoInception4):
            raise WeightsDontFit(
                f"{path}: only MesoNet's weights can be read from .h5; write a .pt or .safetensors"
            )
        weights.lay(network, read_h5(path, network), path)
        return {}
    content = weights.read_file(path)
    weights.lay(network, weights.state_in(content, path, network), path, head)
    own = isinstance(content, dict) and "network" in content and "classes" in content
    return _scaling(content["mean"], content["std"]) if own else {}


def _head(kind: str, network: nn.Module) -> list[str]:
    """The names of the modules that give the outputs."""
    if kind == "timm":
        names = network.pretrained_cfg["classifier"]
        return [names] if isinstance(names, str) else list(names)
    layers = [name for name, part in network.named_modules() if isinstance(part, nn.Linear | nn.Conv2d)]
    return layers[-1:]


def _try_out(detector: Detector, arch: str, size: int) -> None:
    """Run it on one black image, so that a size or shape it can't take is found before any work is done."""
    was = detector.training
    detector.eval()
    try:
        with torch.inference_mode():
            detector(torch.zeros(1, 3, size, size))
    except (AssertionError, ArithmeticError, IndexError, RuntimeError, TypeError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{arch} can't take images of {size}×{size} pixels ({said}); set models.<model>.image_size"
        ) from None
    detector.train(was)
