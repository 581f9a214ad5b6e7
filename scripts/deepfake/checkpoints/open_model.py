"""Open a trained model, in whatever format its file is."""

from pathlib import Path

from deepfake.checkpoints.inference import LoadedModel

# The modules of the formats are imported when they are needed: torch takes seconds.


def open_model(path: str | Path, threads: int = 1, limits: dict | None = None) -> LoadedModel:
    """Return the model of a file, ready to be run; its suffix says which format it has.

    .onnx runs in ONNX Runtime on the CPU; .safetensors and best.pt (any other suffix) run in torch, on the
    best device of this machine. `threads` is the number of CPU threads, `limits` those of the config
    (default: MODEL_LIMITS). Raises ModelError, which says what is wrong, where there is no file or it can't
    be used; no code that a file may hold is run.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".onnx":
        from deepfake.checkpoints.onnx_inference import open_onnx

        return open_onnx(path, threads, limits)

    from deepfake.checkpoints.best_pt import load_checkpoint
    from deepfake.checkpoints.safetensors import read_safetensors
    from deepfake.checkpoints.torch_inference import torch_model

    checkpoint = read_safetensors(path, limits) if suffix == ".safetensors" else load_checkpoint(path, limits)
    return torch_model(checkpoint, path, threads, limits)
