"""What can be wrong with weights and checkpoints that come from elsewhere."""


class WeightsMissing(ValueError):
    """Weights can't be had; the message says how to get them."""


class WeightsDontFit(ValueError):
    """A file's weights are not those of the network; the message says which differ."""
