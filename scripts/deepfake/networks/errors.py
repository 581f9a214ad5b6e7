"""What can be wrong with weights and checkpoints that come from elsewhere."""

from deepfake.errors import UserError


class WeightsMissing(UserError):
    """Weights can't be had; the message says how to get them."""


class WeightsDontFit(UserError):
    """A file's weights are not those of the network; the message says which differ."""
