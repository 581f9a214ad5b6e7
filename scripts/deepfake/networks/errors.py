"""The error of models and weights that can't be used."""

from deepfake.errors import UserError


class ModelError(UserError):
    """A model or its weights are missing, damaged, or of another network; the message says what to do."""
