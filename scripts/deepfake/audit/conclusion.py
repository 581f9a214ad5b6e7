"""The conclusion of an audit in a word and in a line, as the log, the pages and the summary have it.

`report` is the contents of audit.json everywhere, see report.report.
"""

from deepfake.audit.checks import Result
from deepfake.plan.knowledge import describe_known


def status_of(report: dict) -> str:
    """Return the status of an audit as a whole, the gravest of its checks.

    It is "failed", "warned", "unknown" or "passed". An unknown check fails no audit, but none that has one
    is called passed.
    """
    if not report["passed"]:
        return "failed"
    return next((status for status in ("warned", "unknown") if names_of(report, status)), "passed")


def conclusion(report: dict) -> str:
    """Return a line such as "people: unknown; all other checks passed".

    What failed comes first, then what is unknown, and last what is known for a part of the images.
    """
    failed, warned = names_of(report, "failed"), names_of(report, "warned")
    unknown = _describe(report, [c for c in report["checks"] if c["status"] == "unknown"])
    partly = [c for c in report["checks"] if c["known"] and c["known"] < report["images"]]
    warnings = f", with warnings: {', '.join(warned)}" if warned else ""
    if failed:
        parts = [f"FAILED: {', '.join(failed)}{warnings}", *unknown]
    else:
        parts = [*unknown, f"{'all other checks ' if unknown else ''}passed{warnings}"]
    return "; ".join([*parts, *_describe(report, partly)])


def describe(name: str, results: list[Result], report: dict) -> str:
    """Return the conclusion as text, with a line for each check: for the log and the terminal."""
    lines = [f"  {r.status:7}  {r.name:10}  {len(r.findings) or ''!s:>6}  {r.text}" for r in results]
    people = (report.get("faces") or {}).get("people") or {}
    known = [
        f"  train knows at least {n['people_in_train']} of {n['people']} people of {split}, by their faces"
        for split, n in people.items()
    ]
    first = f"Audit of {name}, {report['images']} images: {conclusion(report)}"
    return "\n".join([first, *lines, *known])


def names_of(report: dict, status: str) -> list[str]:
    """Return the names of the checks with this status."""
    return [check["name"] for check in report["checks"] if check["status"] == status]


def _describe(report: dict, checks: list[dict]) -> list[str]:
    return [describe_known(check["name"], check["known"], report["images"]) for check in checks]
