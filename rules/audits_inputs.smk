"""Input functions and settings of the rule that audits folders made elsewhere."""

from deepfake.config.sections import media_limits, network_section, people_distances
from deepfake.config.sources import check_audit


def audited_folder(w):
    """The folder of a dataset that was made elsewhere. Its fingerprint decides, not file times."""
    require(check_audit, w.audit)
    return config["audits"][w.audit]["folder"]


def audit_options(w):
    """The command-line options of audit_folder.py."""
    cfg, people = config["audits"][w.audit], people_distances(config)
    options = ["--distances", as_param({key: people[key] for key in ("link", "fail")})]
    options += ["--duplicates", str(-1 if cfg["duplicates"] is None else cfg["duplicates"])]
    return options + (["--crops"] if cfg["crops"] else [])
