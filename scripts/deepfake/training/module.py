"""What training is, step by step: the loss, the optimiser and its schedule, and the validation."""

import math
from dataclasses import dataclass
from functools import partial

import lightning
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DistributedSampler

from deepfake.evaluation.metrics import compute_metrics
from deepfake.hashing import seeded_hash
from deepfake.networks.detector import Detector
from deepfake.training.augmentation import augmentation
from deepfake.training.self_blending import blend_reals

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
# Of validation macro F1: halved in the second epoch without a rise, however small.
PLATEAU = {"mode": "max", "factor": 0.5, "patience": 1, "threshold": 0.0}


class Diverged(ValueError):
    """The network gives no finite numbers any more; the message says when, and what to change."""


@dataclass(frozen=True)
class Part:
    """What the detector says of validation: logits and labels, (N,)."""

    logits: Tensor
    labels: Tensor


class Training(lightning.LightningModule):
    """Trains a Detector by the settings of a model's section.

    `weights` weigh the classes real and fake in the loss. All chance of an epoch (augmentation, dropout)
    comes from the seed and the epoch's number, so that a run which goes on after a kill ends as one that was
    left alone. `order` is what draws the order of the training images.
    """

    def __init__(
        self,
        detector: Detector,
        model: dict,
        weights: tuple[float, float],
        size: int,
        seed: int,
        order: DistributedSampler,
    ):
        super().__init__()
        self.format = torch.channels_last if model["channels_last"] else torch.contiguous_format
        self.detector = detector.to(memory_format=self.format)
        self.model = model
        self.seed = seed
        self.order = order
        self.lr = 0.0  # of the last step
        self.augment = augmentation(model["augment"], size)
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32), persistent=False)
        self.shown, self.right, self.losses = [], [], []
        self.validated: list[Part] = []
        self.val_facts: dict[str, float] = {}

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        """Draw the order of the epoch that comes next: processes that read ahead begin before it does."""
        self.order.set_epoch(checkpoint["epoch"] + 1)

    def on_train_epoch_start(self) -> None:
        # Lightning does so too, but in a run that goes on it is an epoch behind
        self.order.set_epoch(self.current_epoch)
        torch.manual_seed(seeded_hash(self.seed, "epoch", self.current_epoch, self.global_rank) % 2**63)
        self.shown, self.right, self.losses = [], [], []

    def training_step(self, batch: tuple[Tensor, Tensor], number: int) -> Tensor:
        images, labels = batch
        if self.model["self_blend"]:
            images, labels = blend_reals(images, labels, self.model["self_blend"])
        logits = self.detector(self.augment(images).contiguous(memory_format=self.format))
        smoothing = self.model["label_smoothing"]
        weight, count = self._batch(labels)
        loss = self.loss(logits, labels * (1 - smoothing) + smoothing / 2, labels, weight)
        self.losses.append(loss.detach() * count)
        self.right.append(((logits.detach() >= 0) == (labels > 0.5)).sum())
        self.shown.append(len(labels))
        return loss * self.trainer.world_size  # of whose gradients the mean is taken

    def loss(self, logits: Tensor, targets: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
        """The cross-entropy of `targets`, from 0 to 1, each image weighed by its class; a scalar.

        `weight` is the sum that the weights have with those of other processes' images; by default there are
        none.
        """
        weights = self.weights[labels.long()]
        losses = functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
        return (losses * weights).sum() / (weights.sum() if weight is None else weight)

    def on_validation_epoch_start(self) -> None:
        self.validated = []
        if self.trainer.world_size > 1:  # each process has its own moving averages; the first one's are kept
            for buffer in self.detector.buffers():
                torch.distributed.broadcast(buffer, 0)

    def validation_step(self, batch: tuple[Tensor, Tensor], number: int) -> None:
        images, labels = batch
        logits = self.detector(images.contiguous(memory_format=self.format))
        self.validated.append(Part(logits.float(), labels))

    def on_validation_epoch_end(self) -> None:
        """Set `val_facts`: `val_loss`, without smoothing, and `val_accuracy` and `val_f1_macro` by 0.5.

        A plateau's schedule takes its step here, and not as Lightning would, after the state is written: a
        run that goes on would lack it.
        """
        logits = self._of_all(torch.cat([part.logits for part in self.validated]))
        labels = self._of_all(torch.cat([part.labels for part in self.validated]))
        number = len(self.trainer.val_dataloaders.dataset)  # without those that came twice
        logits, labels = logits[:number], labels[:number]
        if not torch.isfinite(logits).all():
            raise Diverged(
                f"in epoch {self.current_epoch + 1} the network's outputs are no finite numbers any more; "
                "lower models.<model>.lr, or set clip or precision: 32"
            )
        found = compute_metrics(labels.long().cpu().numpy(), logits.double().sigmoid().cpu().numpy(), 0.5)
        self.val_facts = {
            "val_loss": float(self.loss(logits, labels, labels)),
            "val_accuracy": found["accuracy"],
            "val_f1_macro": found["f1_macro"],
        }
        if self.model["schedule"] == "plateau":
            self.lr_schedulers().step(found["f1_macro"])

    def lr_scheduler_step(self, scheduler, metric: float | None) -> None:
        if self.model["schedule"] != "plateau":
            scheduler.step()

    def train_facts(self) -> dict[str, float]:
        """`train_loss` and `train_accuracy` of this epoch, as the images came, and the number of `images`."""
        sums = [torch.stack(self.losses).sum(), torch.stack(self.right).sum()]
        sums = torch.stack([*sums, torch.tensor(sum(self.shown), device=self.device)])
        loss, right, images = self.trainer.strategy.reduce(sums, reduce_op="sum").tolist()
        return {"train_loss": loss / images, "train_accuracy": right / images, "images": images}

    def configure_optimizers(self) -> dict:
        model = self.model
        groups = [
            {"params": [p for p in self.detector.parameters() if p.requires_grad and p.ndim > 1]},
            {
                "params": [p for p in self.detector.parameters() if p.requires_grad and p.ndim <= 1],
                "weight_decay": 0.0,  # biases and the scales of normalisation
            },
        ]
        optimizer = OPTIMIZERS[model["optimizer"]](groups, model["lr"], weight_decay=model["weight_decay"])
        steps = int(self.trainer.estimated_stepping_batches)
        self.warm = round(steps * model["warmup"] / model["epochs"])
        if model["schedule"] == "plateau":
            after = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **PLATEAU)
            plan = {"scheduler": after, "interval": "epoch", "reduce_on_plateau": False}
        else:
            shape = partial(SCHEDULES[model["schedule"]], warm=self.warm, steps=steps)
            plan = {"scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, shape), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": plan}

    def on_train_batch_start(self, batch: tuple[Tensor, Tensor], number: int) -> None:
        """Warm up where the schedule, being torch's own, doesn't."""
        if self.model["schedule"] == "plateau" and self.global_step < self.warm:
            for group in self.optimizers().param_groups:
                group["lr"] = self.model["lr"] * constant(self.global_step, self.warm)
        self.lr = self.optimizers().param_groups[0]["lr"]

    def _batch(self, labels: Tensor) -> tuple[Tensor | None, Tensor | int]:
        """Of the whole batch, of which `labels` are a process's share: the sum of weights, and the images."""
        if self.trainer.world_size == 1:
            return None, len(labels)
        sums = torch.stack([self.weights[labels.long()].sum(), self.weights.new_tensor(len(labels))])
        return self.trainer.strategy.reduce(sums, reduce_op="sum").unbind()

    def _of_all(self, values: Tensor) -> Tensor:
        """`values` of all processes, in the order of the split."""
        if self.trainer.world_size == 1:
            return values
        parts = [torch.empty_like(values) for _ in range(self.trainer.world_size)]
        torch.distributed.all_gather(parts, values)
        return torch.stack(parts, 1).reshape(-1)  # the sampler deals images out one by one


def cosine(step: int, warm: int, steps: int) -> float:
    """The factor of lr at a step: up in a line over `warm` steps, then down along half a cosine."""
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))


def constant(step: int, warm: int, steps: int = 0) -> float:
    """The factor of lr at a step: up in a line over `warm` steps, then 1."""
    return min(1.0, (step + 1) / warm) if warm else 1.0


SCHEDULES = {"cosine": cosine, "constant": constant}
