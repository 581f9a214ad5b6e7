"""Input functions and settings of the rules of submissions."""

from deepfake.config.sources import check_submission
from deepfake.submissions.settings import SECTIONS, media_of, names_of, settings_of


def submission_setting(function, file):
    """What a function of submissions.settings returns for a file; an error if the config lacks it."""
    require(check_submission, SECTIONS[file])
    return of_config(function, file)


def test_media(w):
    """The images or videos of a submission: a user's own, so a fingerprint decides, not file times."""
    return [local(ancient(path)) for path in submission_setting(media_of, w.file)]


def packaged_model(w):
    """The exported model that the package contains."""
    return f"results/forms/{w.dataset}/{w.model}/{config['submissions']['package']['form']}"
