"""One epoch of training on the batches of train, and the predictions for val after it."""

import math
from collections.abc import Callable

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from deepfake.evaluation.metrics import compute_metrics
from deepfake.networks.detector import Detector
from deepfake.training.augmentation import augmentation
from deepfake.training.losses import training_loss, weighted_loss
from deepfake.training.schedule import set_learning_rate


def train_epoch(
    fabric: Fabric,
    network: nn.Module,
    optimizer: Optimizer,
    loader: DataLoader,
    model: dict,
    class_weights: Tensor,
    epoch: int,
    advance: Callable[[int], None],
) -> dict[str, float]:
    """Train for one epoch, counted from 0, on this process's share of the batches.

    Return `train_loss` and `train_accuracy` over the images of all processes as they were augmented, the
    number of these `images`, and `lr` of the last step.
    """
    network.train()
    augment, blend = augmentation(model["augment"], loader.dataset.size), loader.dataset.blend
    accumulate, world_size = model["accumulate"], fabric.world_size
    steps_per_epoch = math.ceil(len(loader) / accumulate)
    losses, correct, images_seen, lr = [], [], 0, 0.0
    for number, batch in enumerate(loader):
        images, labels = to_device(batch.images, fabric.device), to_device(batch.labels, fabric.device)
        # outside of mixed precision, which only the network is made for
        if blend:
            images, labels = blend(images, labels, batch.items)
        images = augment(images).contiguous(memory_format=memory_format(model))
        weights = class_weights[labels.long()]
        total, count = weights.sum(), len(labels)
        if world_size > 1:  # of the whole batch, of which `labels` are this process's share
            sums = torch.stack([total, total.new_tensor(count)])
            total, count = fabric.all_reduce(sums, reduce_op="sum").unbind()

        is_step = (number + 1) % accumulate == 0 or number + 1 == len(loader)
        with fabric.no_backward_sync(network, enabled=not is_step):
            outputs = network(images, whole=True)
            loss = training_loss(outputs, labels, weights, total, model)
            # the processes' gradients are averaged, and those of their losses have to be added
            fabric.backward(loss * world_size / accumulate)
        if is_step:
            step = epoch * steps_per_epoch + number // accumulate
            lr = set_learning_rate(optimizer, model, step, steps_per_epoch)
            if model["clip"]:
                fabric.clip_gradients(network, optimizer, max_norm=model["clip"], error_if_nonfinite=False)
            optimizer.step()
            optimizer.zero_grad()

        losses.append(loss.detach() * count)
        correct.append(((outputs.logits.detach() >= 0) == (labels > 0.5)).sum())
        images_seen += len(labels)
        advance(len(labels) * world_size)
    sums = torch.stack(
        [
            torch.stack(losses).sum(),
            torch.stack(correct).sum(),
            torch.tensor(images_seen, device=fabric.device),
        ]
    )
    loss, right, images_seen = fabric.all_reduce(sums, reduce_op="sum").tolist()
    return {
        "train_loss": loss / images_seen,
        "train_accuracy": right / images_seen,
        "images": images_seen,
        "lr": lr,
    }


@torch.inference_mode()
def predict(fabric: Fabric, detector: Detector, loader: DataLoader, model: dict) -> tuple[Tensor, Tensor]:
    """Return logits of fake and labels, float32 (N,), of all images of `loader`'s dataset, in its order.

    Each process predicts its share, and all return the whole.
    """
    detector.eval()
    if fabric.world_size > 1:  # each process has its own moving averages; the first one's are saved
        for buffer in detector.buffers():
            torch.distributed.broadcast(buffer, 0)
    logits, labels = [], []
    for batch in loader:
        images = to_device(batch.images, fabric.device).contiguous(memory_format=memory_format(model))
        with fabric.autocast():
            logits.append(detector(images).float())
        labels.append(to_device(batch.labels, fabric.device))
    logits, labels = fabric.all_gather(torch.cat(logits)), fabric.all_gather(torch.cat(labels))
    if fabric.world_size > 1:  # from (processes, images of each) to the order of the dataset
        logits, labels = logits.T.flatten(), labels.T.flatten()
    number = len(loader.dataset)  # without the images that come twice
    return logits[:number], labels[:number]


def val_metrics(logits: Tensor, labels: Tensor, class_weights: Tensor) -> dict[str, float]:
    """Return `val_loss`, without smoothing, and `val_accuracy` and `val_f1_macro` at the threshold 0.5."""
    probabilities = logits.cpu().double().sigmoid().numpy()
    metrics = compute_metrics(labels.long().cpu().numpy(), probabilities, 0.5)
    return {
        "val_loss": float(weighted_loss(logits, labels, class_weights[labels.long()])),
        "val_accuracy": metrics["accuracy"],
        "val_f1_macro": metrics["f1_macro"],
    }


def memory_format(model: dict) -> torch.memory_format:
    return torch.channels_last if model["channels_last"] else torch.contiguous_format


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor.to(device, non_blocking=True)
