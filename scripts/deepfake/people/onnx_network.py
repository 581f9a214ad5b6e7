"""A network for faces of the user's, a file in ONNX, with what its input looks like from the config.

The file may come from anywhere: one that could read other files or run foreign code is refused before ONNX
Runtime sees it. The processes that run it have bounds on their memory and time.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime

from deepfake.errors import ModelError, UserError
from deepfake.extraction.alignment import DLIB_5_TEMPLATE, TEMPLATE_SIDE
from deepfake.onnx_check import check_onnx
from deepfake.onnx_errors import UNUSABLE

KEY = "people.model"
SECONDS = 300  # that opening and trying it may take, before the system ends the process
MOST_NUMBERS = 4096  # of a vector; networks for faces give 128 to 512
TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}
DEFAULTS = {"mean": 0, "std": 1, "channels": "rgb"}

Run = Callable[[np.ndarray], np.ndarray]
"""Takes chips, uint8 RGB (n, side, side, 3); returns their vectors, float32 (n, d)."""


def open_network(path: str, cfg: dict) -> tuple[int, tuple[tuple[float, float], ...], int, Run]:
    """Return what network.Network has of the network in the file `path`.

    `cfg` is the config section `people.input`. The network has been tried: it gives one vector for each chip.
    Raises UserError, which names the key.
    """
    file, cfg = Path(path), {**DEFAULTS, **cfg}
    side = cfg["side"]
    if not file.is_file():
        raise UserError(f"{KEY}: {path} doesn't exist; put the path right, or write null for dlib's")
    try:
        check_onnx(file)
    except ModelError as error:
        raise UserError(f"{KEY}: {error}") from None
    with _in_time():
        try:
            run = _runner(session(file.read_bytes()), path, cfg)
            noise = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), np.uint8)
            vectors = run(noise)
        except UserError:
            raise
        except UNUSABLE as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(f"{KEY}: {path} can't be run: {reason}") from None
    _check_vectors(vectors, path)
    return side, template_of(cfg), vectors.shape[1], run


def template_of(cfg: dict) -> tuple[tuple[float, float], ...]:
    """Return where dlib's five points lie in a chip, in pixels; `cfg` is the section `people.input`.

    "arcface" is the template of ArcFace, scaled to the chip.
    """
    if cfg["template"] == "arcface":
        scale = cfg["side"] / TEMPLATE_SIDE
        return tuple((x * scale, y * scale) for x, y in DLIB_5_TEMPLATE)
    return tuple((float(x), float(y)) for x, y in cfg["template"])


def session(model: bytes) -> onnxruntime.InferenceSession:
    """Return a model in ONNX that is opened to run on one core."""
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # jobs use several processes instead
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # errors come as exceptions
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)


def _runner(opened: onnxruntime.InferenceSession, path: str, cfg: dict) -> Run:
    """Return what runs a network on chips. Raises UserError if its input isn't the one of the config."""
    inputs, side = opened.get_inputs(), cfg["side"]
    shape = inputs[0].shape if len(inputs) == 1 else []
    first, last = _fits(shape, (3, side, side)), _fits(shape, (side, side, 3))
    if not (first or last) or inputs[0].type not in TYPES:
        found = ", ".join(f"{tensor.type} {tensor.shape}" for tensor in inputs)
        raise UserError(
            f"people.input.side: {side} doesn't fit {path}, which takes {found}; write the side of its "
            "input, which has to be float or uint8, (1, 3, side, side) or (1, side, side, 3)"
        )
    if len(opened.get_outputs()) != 1:
        raise UserError(f"{KEY}: {path} has {len(opened.get_outputs())} outputs; it needs one, the vector")
    name, kind, at_once = inputs[0].name, TYPES[inputs[0].type], not isinstance(shape[0], int)
    mean, std = (np.asarray(cfg[key], np.float32) for key in ("mean", "std"))

    def run(chips: np.ndarray) -> np.ndarray:
        pixels = chips if cfg["channels"] == "rgb" else chips[..., ::-1]
        values = ((pixels.astype(np.float32) - mean) / std).astype(kind)
        values = np.ascontiguousarray(values.transpose(0, 3, 1, 2) if first else values)
        parts = [values] if at_once else np.split(values, len(values))
        return np.concatenate([opened.run(None, {name: part})[0] for part in parts])

    return run


def _fits(shape: list, image: tuple[int, int, int]) -> bool:
    """Whether an input of `shape` takes one such image, or several; names in a shape stand for any size."""
    sizes = [size if isinstance(size, int) else None for size in shape]
    wanted = [1, *image]
    return len(sizes) == 4 and all(size in (None, want) for size, want in zip(sizes, wanted, strict=True))


def _check_vectors(vectors: np.ndarray, path: str) -> None:
    """Raise UserError unless these are vectors of two chips."""
    if not (
        isinstance(vectors, np.ndarray)
        and vectors.dtype == np.float32
        and vectors.ndim == 2
        and len(vectors) == 2
        and 2 <= vectors.shape[1] <= MOST_NUMBERS
        and np.isfinite(vectors).all()
        and vectors.any(axis=1).all()
    ):
        form = f"{vectors.dtype} {vectors.shape}" if isinstance(vectors, np.ndarray) else type(vectors)
        raise UserError(
            f"{KEY}: {path} gives {form} for two faces; it has to give each a vector of 2 to {MOST_NUMBERS} "
            "finite numbers"
        )


@contextmanager
def _in_time() -> Iterator[None]:
    """Let the system end this process if the block takes longer than SECONDS."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)  # no handler: Python couldn't run one inside the runtime
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
