"""The errors that a user can put right."""


class UserError(ValueError):
    """An input is wrong: a file, a setting, a model. The message says what, where, and what to do.

    A program reports it as one line without a traceback, and exits with 1; see `deepfake.program`.
    """


class ModelError(UserError):
    """A model or its weights are missing, damaged, or of another network; the message says what to do."""
