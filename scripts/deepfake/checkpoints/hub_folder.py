"""A trained model as a folder for the Hugging Face Hub, which its library opens without this project.

    transformers   config.json, model.safetensors, preprocessor_config.json
    timm           config.json, model.safetensors
    deepfake       model.safetensors, in this project's own format

Every folder has detector.json too: how images were made, and from which score on one is called fake. Networks
of transformers and timm have the outputs real and fake, in this order: a network with one output, the logit z
of fake, gets (0, z), whose softmax is exactly the sigmoid of z. What these can't express (ensembles, heads
with `head_norm: l2` or attention, another `pooling`) and all other networks are of the third kind.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.convert import on_cpu, random_batches
from deepfake.checkpoints.inference import sigmoid
from deepfake.checkpoints.metadata import CLASSES, without_weights
from deepfake.checkpoints.safetensors import as_safetensors, read_safetensors
from deepfake.checkpoints.torch_inference import torch_model
from deepfake.errors import ModelError
from deepfake.inputs.geometry import Geometry
from deepfake.networks.architectures import make_network
from deepfake.networks.detector import Detector
from deepfake.networks.heads import head_names
from deepfake.networks.settings import parse_arch

TRANSFORMERS, TIMM, OWN = "transformers", "timm", "deepfake"
TOLERANCE = 1e-5  # of a probability: a folder that differs by more from best.pt is refused
DESCRIBED = ("classes", "threshold", "video_threshold", "people_thresholds", "preprocessing", "versions")


def library_of(metadata: dict) -> str:
    """Return the library that opens the folder of a model: TRANSFORMERS, TIMM or OWN."""
    spec = metadata.get("network", {})
    if not spec or {"head", "pooling"} & spec.keys():
        return OWN
    return {"hf": TRANSFORMERS, "timm": TIMM}.get(parse_arch(spec["arch"])[0], OWN)


def write_model(checkpoint: str | Path, folder: Path, threads: int = 1, limits: dict | None = None) -> dict:
    """Write the best.pt `checkpoint` to the empty `folder`, and return its metadata, without weights.

    What the folder gives is compared with best.pt on random images. Raises ModelError where a probability
    differs by more than TOLERANCE, and where the model can't be opened.
    """
    content = load_checkpoint(checkpoint, limits)
    model = torch_model(content, checkpoint, threads, limits)
    library, metadata = library_of(model.metadata), without_weights(content)
    batches = random_batches(model)
    expected = [sigmoid(on_cpu(model)(batch)) for batch in batches]
    WRITERS[library](content, model.detector, folder)
    described = {key: metadata[key] for key in DESCRIBED if key in metadata}
    described |= {"geometries": [vars(geometry) for geometry in model.geometries]}
    text = json.dumps(described, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / "detector.json").write_text(text, encoding="utf-8")
    opened = READERS[library](folder, content, limits)
    difference = max(float(np.abs(opened(b) - e).max()) for b, e in zip(batches, expected, strict=True))
    if not difference <= TOLERANCE:
        raise ModelError(
            f"{checkpoint}: opened by {library}, its folder gives probabilities that differ by up to "
            f"{difference:.3g}, and {TOLERANCE:g} is allowed"
        )
    return metadata


def two_outputs(state: dict[str, Tensor], names: list[str], fake: int) -> dict[str, Tensor]:
    """Return a state_dict whose layers `names` give (real, fake): (0, z) of one output, two in this order.

    `fake` is the index of fake's output where there are two.
    """
    changed = dict(state)
    for key in (f"{name}.{kind}" for name in names for kind in ("weight", "bias")):
        if key not in state:
            continue
        values = state[key]
        if len(values) == 1:
            values = torch.cat([torch.zeros_like(values), values])
        elif fake == 0:
            values = values.flip(0)
        changed[key] = values
    return changed


def _write_transformers(content: dict, detector: Detector, folder: Path) -> None:
    import transformers

    from deepfake.networks.huggingface import save_pretrained

    transformers.utils.logging.disable_progress_bar()
    network, config = detector.network, detector.network.model.config
    fake = content["network"]["fake"]
    network.load_state_dict(two_outputs(content["state"], head_names("hf", network), fake))
    config.id2label = dict(enumerate(CLASSES))
    config.label2id = {label: number for number, label in enumerate(CLASSES)}
    save_pretrained(detector, content["network"], folder)


def _write_timm(content: dict, detector: Detector, folder: Path) -> None:
    from timm.models import save_for_hf

    spec, geometry = content["network"], Geometry(**content["geometry"])
    library, name = parse_arch(spec["arch"])
    network, _, _ = make_network(library, name, geometry.size, outputs=2)
    network.load_state_dict(two_outputs(content["state"], head_names(library, network), spec["fake"]))
    squares = geometry.resize == geometry.size
    data = {
        "input_size": (3, geometry.size, geometry.size),
        "interpolation": geometry.resample,
        "mean": tuple(spec["mean"]),
        "std": tuple(spec["std"]),
        "crop_pct": 1.0 if squares else geometry.size / geometry.resize,
        "crop_mode": "squash" if squares else "center",
    }
    save_for_hf(
        network,
        str(folder),
        model_config={"label_names": CLASSES},
        safe_serialization=True,
        data_config=data,
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["model_args"].pop("num_classes", None)  # transformers gives it to timm, too
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _write_own(content: dict, detector: nn.Module, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(as_safetensors(content))


Probabilities = Callable[[list[np.ndarray]], np.ndarray]
"""From a batch, as a LoadedModel takes it, to the probability of fake of each image, float32 (n,)."""


def _read_transformers(folder: Path, content: dict, limits: dict | None) -> Probabilities:
    import transformers

    model = transformers.AutoModelForImageClassification.from_pretrained(folder, local_files_only=True)
    size = getattr(model.config, "image_size", content["geometry"]["size"])
    own = size in (content["geometry"]["size"], [content["geometry"]["size"]] * 2)
    options = {} if own else {"interpolate_pos_encoding": True}
    return _softmax(lambda images: model(pixel_values=images, **options).logits, model, content)


def _read_timm(folder: Path, content: dict, limits: dict | None) -> Probabilities:
    import timm

    model = timm.create_model(f"local-dir:{folder}", pretrained=True)
    return _softmax(model, model, content)


def _softmax(function: Callable[[Tensor], Tensor], model: nn.Module, content: dict) -> Probabilities:
    """Return the probabilities of the second of the two outputs of `function`, which runs `model`."""
    model.eval()
    mean, std = (torch.tensor(content[key]).view(1, 3, 1, 1) for key in ("mean", "std"))

    def of_arrays(batch: list[np.ndarray]) -> np.ndarray:
        images = torch.from_numpy(batch[0]).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            return function((images - mean) / std).softmax(1)[:, 1].numpy()

    return of_arrays


def _read_own(folder: Path, content: dict, limits: dict | None) -> Probabilities:
    path = folder / "model.safetensors"
    function = on_cpu(torch_model(read_safetensors(path, limits), path, torch.get_num_threads(), limits))
    return lambda batch: sigmoid(function(batch))


WRITERS = {TRANSFORMERS: _write_transformers, TIMM: _write_timm, OWN: _write_own}
READERS = {TRANSFORMERS: _read_transformers, TIMM: _read_timm, OWN: _read_own}
