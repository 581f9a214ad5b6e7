"""The page of an audit: whether a dataset passed its checks, and what is in its splits."""

from deepfake.audit.conclusion import conclusion, status_of
from deepfake.audit.evidence import sort_splits
from deepfake.pages.audit_faces import faces_section
from deepfake.pages.render import render

EXAMPLES = 8  # findings shown of each check; audit.json and the log have more


def page(report: dict, cfg: dict, thumbnails: dict[str, bytes] | None = None) -> str:
    """Return the HTML page of `report`, as deepfake.audit.report returns it.

    `cfg` is the dataset's section of the config, which the page shows as it is. `thumbnails` are JPEGs of the
    images in the report's pairs of faces, by their files' names.
    """
    return render(
        "audit.html.j2",
        title=f"Audit of {report['dataset']}",
        dataset=report["dataset"],
        images=report["images"],
        bytes=report["bytes"],
        policy=report["policy"],
        left_out=report.get("left_out"),
        status=status_of(report),
        conclusion=conclusion(report),
        strata={column: _stratum(found, report) for column, found in report["strata"].items()},
        cfg=cfg,
        faces=faces_section(report["faces"], thumbnails or {}) if report.get("faces") else None,
        **tables(report),
    )


def tables(report: dict) -> dict:
    """Return the values for the tables of an audit, templates/audit_tables.html.j2.

    `checks` are those of the report with up to EXAMPLES findings and the number of `more`; `splits` have
    their classes, real first, and the share of images against the target; `methods` have a row for each
    corpus, class and method, with its size in each of `split_names`, None if it has no image.
    """
    split_names = sort_splits(report["splits"])
    return {
        "checks": [
            check | {"examples": check["examples"][:EXAMPLES], "more": max(0, check["found"] - EXAMPLES)}
            for check in report["checks"]
        ],
        "splits": [_split(name, report["splits"][name]) for name in split_names],
        "class_weights": report["class_weights"],
        "split_names": split_names,
        "methods": _methods(report["parts"], split_names),
    }


def _split(name: str, split: dict) -> dict:
    classes = sorted(split["classes"].items(), reverse=True)
    return {"name": name, "share": split["share"], "target": split["asked"], "classes": classes}


def _methods(parts: list[dict], split_names: list[str]) -> list[dict]:
    sizes: dict[tuple, dict[str, dict]] = {}
    for part in parts:
        key = (part["corpus"], part["class"] != "real", part["class"], part["method"])
        sizes.setdefault(key, {})[part["split"]] = part
    return [
        {"corpus": corpus, "class": label, "method": method, "sizes": [by_split.get(s) for s in split_names]}
        for (corpus, _, label, method), by_split in sorted(sizes.items())
    ]


def _stratum(stratum: dict | None, report: dict) -> dict | None:
    """Return the shares of each value: of the whole dataset, then of those splits that have a share."""
    if stratum is None:
        return None
    shares = stratum["values"]
    splits = [s for s in sort_splits(report["splits"]) if any(s in found for found in shares.values())]
    return {
        "deviation": stratum["deviation"],
        "splits": splits,
        "values": [(value, [found.get(s) for s in ("all", *splits)]) for value, found in shares.items()],
    }
