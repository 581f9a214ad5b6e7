"""Gives the rules of submissions their inputs and settings."""

from deepfake.submissions.settings import SECTIONS, media_of, names_of, settings_of


def asked(of, file):
    """What `of`, a function of submissions.settings, says of a file; where the config lacks it, an error."""
    try:
        return of(config, file)
    except BadConfig as error:
        raise WorkflowError(str(error)) from None


def test_set(w):
    """What a submission judges: a user's own, so that `contents` decide, not times."""
    return [local(ancient(path)) for path in asked(media_of, w.file)]


def packaged(w):
    """The form of a model that its package holds."""
    return f"results/forms/{w.dataset}/{w.model}/{config['submissions']['package']['form']}"
