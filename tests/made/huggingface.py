"""A small ViT of transformers in a folder, and its outputs: in transformers alone, and as a Detector."""

import json

import numpy as np
import torch
import transformers
from PIL import Image

from deepfake.inputs.pixels import fit

RNG = np.random.default_rng(0)


def vit(folder, labels=("Realism", "Deepfake"), size: int = 32, preprocessor: dict | None = None, **changes):
    """Write a small ViT to `folder`, as transformers saves it, and return the model."""
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        image_size=size,
        patch_size=8,
        initializer_range=0.5,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model = transformers.ViTForImageClassification(config)
    model.save_pretrained(folder)
    if preprocessor is None:
        preprocessor = {"image_processor_type": "ViTImageProcessor", "size": {"height": size, "width": size}}
        preprocessor |= {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.6, 0.7], "resample": 2}
    if preprocessor:
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    settings = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(settings))
    return model


def section(folder, **keys) -> dict:
    return {"arch": f"hf/{folder}", "weights": None, "image_size": None, **keys}


def random_image(height: int = 32, width: int = 32) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def batch(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None]


def fake_probability(built, image: np.ndarray) -> float:
    """Return the probability of fake that the built detector gives."""
    with torch.inference_mode():
        return float(built.detector.eval()(batch(fit(image, built.geometry))).sigmoid())


def transformers_probabilities(folder, image: np.ndarray, backend: str = "torchvision") -> dict[str, float]:
    """Return the probability of each label that transformers alone gives."""
    model = transformers.AutoModelForImageClassification.from_pretrained(folder)
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend=backend)
    with torch.inference_mode():
        logits = model(**processor(Image.fromarray(image), return_tensors="pt")).logits
    return {model.config.id2label[n]: p for n, p in enumerate(logits.softmax(1)[0].tolist())}
