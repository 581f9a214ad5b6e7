"""Weights that torchvision and timm know by name: fetched once, then read from their local store."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import huggingface_hub
import torchvision

from deepfake.errors import ModelError, UserError
from deepfake.networks.architectures import Made, make_network, timm_tags
from deepfake.networks.heads import head_names
from deepfake.networks.state_dicts import find_state_dict
from deepfake.networks.weights import load_weights

DOWNLOAD_TIMEOUT = 20  # seconds without any bytes
HUB_TIMEOUT = 5  # seconds until the hub must have answered


def make_pretrained(library: str, name: str, size: int, weights: str) -> Made:
    """Return the network `name` with the weights that its library calls `weights`, all but the head.

    Raises UserError, which lists the names, where there are no such weights, and ModelError if they can't
    be fetched.
    """
    return PRETRAINED[library](name, size, weights)


def check_hub() -> None:
    """Raise OSError if the hub doesn't answer; the hub's own client would try for most of a minute."""
    request = urllib.request.Request(huggingface_hub.constants.ENDPOINT, method="HEAD")
    with suppress(urllib.error.HTTPError):  # an answer, whatever it says
        urllib.request.urlopen(request, timeout=HUB_TIMEOUT).close()


def _own(name: str, size: int, weights: str) -> Made:
    raise ModelError(
        f"{name} has no weights {weights!r}; write the path of a file, .h5 (the authors') or .pt"
    )


def _torchvision(name: str, size: int, weights: str) -> Made:
    network, mean, std = make_network("torchvision", name, size)
    known = torchvision.models.get_model_weights(name).__members__
    if weights not in known:
        names = ", ".join(known)
        raise UserError(
            f"torchvision/{name} has no weights {weights!r}; write {names}, or the path of a file"
        )
    published = known[weights]
    try:
        with _download_timeout():
            content = published.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: the file is not the one that was published
        raise _cant_fetch(f"torchvision/{name}", weights, published.url, error) from None
    source = f"{name} {weights}"
    head = head_names("torchvision", network)
    load_weights(network, find_state_dict(content, source, network), source, head)
    transforms = published.transforms()
    if hasattr(transforms, "mean"):
        mean, std = transforms.mean, transforms.std
    return network, mean, std


def _timm(name: str, size: int, weights: str) -> Made:
    """timm itself fits the head and the position embedding to the network."""
    base = name.partition(".")[0]
    tagged = name if weights == "pretrained" else f"{base}.{weights}"
    published = make_network("timm", tagged, size)[0].pretrained_cfg
    repository, url = published.get("hf_hub_id"), published.get("url")
    if not repository and not url:
        tags = ", ".join(timm_tags(base)) or "none"
        raise UserError(f"timm/{tagged} has no published weights; those of this network are: {tags}")
    options = {"pretrained": True}
    try:
        if repository and (cached := _cached_file(repository)):
            options["pretrained_cfg_overlay"] = {"file": cached}
        elif repository:
            check_hub()
        with _download_timeout():
            return make_network("timm", tagged, size, **options)
    except OSError as error:
        where = f"https://huggingface.co/{repository}" if repository else url
        raise _cant_fetch(f"timm/{tagged}", weights, where, error) from None


PRETRAINED = {"own": _own, "torchvision": _torchvision, "timm": _timm}


def _cached_file(repository: str) -> str | None:
    """Return the weights file of a repository of the hub that was fetched before."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        path = huggingface_hub.try_to_load_from_cache(repository, name)
        if isinstance(path, str):
            return path
    return None


def _cant_fetch(arch: str, weights: str, where: str, error: Exception) -> ModelError:
    return ModelError(
        f"the weights {weights!r} of {arch} can't be fetched from {where} ({error}). Fetch them on a machine "
        "with a connection, copy the file here and write its path in `weights`; or write weights: null for "
        "new ones"
    )


@contextmanager
def _download_timeout() -> Iterator[None]:
    """End a download that gets no bytes; torch.hub itself would wait forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
