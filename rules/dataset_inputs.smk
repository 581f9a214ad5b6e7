"""Input functions and settings of the rules of datasets."""

import json

from deepfake.config.recipe import recipe_settings
from deepfake.config.sections import dataset_section, image_sections, known_by, network_section
from deepfake.config.sources import check_dataset, check_people_page


def video_tables(w):
    """The tables of all videos of a dataset's corpora."""
    require(check_dataset, w.dataset)
    return [f"{index_folder(corpus)}/videos.csv" for corpus in config["datasets"][w.dataset]["corpora"]]


def image_files(w, ending):
    """The tables (csv) or tars of a dataset's images: all shards of its corpora."""
    cfg = config["datasets"][w.dataset]
    return [f"results/{cfg['images']}/{c}/{s}.{ending}" for c in cfg["corpora"] for s in shard_names(c)]


def image_tars(w):
    """The tars that a dataset's images are read from. The plan has each image's checksum, so it decides."""
    return ancient(image_files(w, "tar"))


def plan_of(dataset):
    """The outputs of a dataset's plan, after the checkpoint has run."""
    return checkpoints.plan.get(dataset=dataset).output


def people_of_plan(w):
    """The table of who is seen in every video of a dataset that goes by faces."""
    require(check_people_page, w.dataset)
    return plan_of(w.dataset).people


def splits_table(w):
    """The table of videos and their splits, if a dataset's splits come from a file."""
    return [local(path) for path in [config["datasets"][w.dataset]["splits"].get("from")] if path]


def same_identity_table(w):
    """The table of videos or people known to be the same, if a dataset names one."""
    return [local(path) for path in [config["datasets"][w.dataset]["same_identity"]] if path]


def different_people_table(w):
    """The table of videos or people known to be different, if a dataset names one."""
    return [local(path) for path in [config["datasets"][w.dataset]["different_people"]] if path]


def is_known_by_faces(dataset):
    """Whether the faces in a dataset's images tell who they show."""
    return known_by(config, dataset) != "names"


def face_network(w):
    """The network that embeds the faces of a dataset, where they count; the others don't depend on it."""
    return as_param(network_section(config) if is_known_by_faces(w.dataset) else {})


def audit_memory(w, threads, attempt):
    """The MB of an audit: if the first attempt fails, more for each process that embeds faces."""
    return attempt * (2000 + (400 * threads if is_known_by_faces(w.dataset) else 0))


def code_of_images(w):
    """Digests of the code that images depend on, by step."""
    return as_param({step: script_digest(f"{step}.py")(w) for step in ("frames", "faces", "plan")})


def recipes_of_datasets():
    """The recipes that datasets are rebuilt from, and what is the case here, for `verify`."""
    return {
        name: {
            "from": cfg["splits"]["from"],
            "corpora": cfg["corpora"],
            "made": cfg["splits"].get("made", {}),
            "now": {
                "steps": recipe_settings(config, name)["steps"],
                "code": json.loads(code_of_images(None)),
            },
        }
        for name, cfg in config["datasets"].items()
        if "from" in cfg["splits"]
    }
