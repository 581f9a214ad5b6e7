"""The base of the errors that a user can put right."""


class UserError(ValueError):
    """An input is wrong: a file, a setting, a model. The message says what, where, and what to do.

    A program reports it as one line without a traceback, and exits with 1; see `deepfake.program`.
    """
