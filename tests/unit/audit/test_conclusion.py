"""The conclusion of an audit: nothing that failed, is unknown or is known in part goes unsaid."""

import pytest

from deepfake.audit.conclusion import conclusion, status_of


def report(**checks: tuple[str, int | None]) -> dict:
    """Return a report of 40 images, with the status and the number of known images of each check."""
    found = [{"name": name, "status": status, "known": known} for name, (status, known) in checks.items()]
    return {"images": 40, "checks": found, "passed": all(c["status"] != "failed" for c in found)}


@pytest.mark.parametrize(
    ("people", "duplicates", "sums", "status", "line"),
    [
        (("passed", 40), ("passed", 40), "passed", "passed", "passed"),
        (("passed", 16), ("passed", 40), "passed", "passed", "passed; people: known for 40 % of images"),
        (("unknown", 0), ("passed", 40), "passed", "unknown", "people: unknown; all other checks passed"),
        (
            ("unknown", 0),
            ("unknown", 0),
            "passed",
            "unknown",
            "people: unknown; duplicates: unknown; all other checks passed",
        ),
        (
            ("unknown", 0),
            ("warned", 20),
            "passed",
            "warned",
            "people: unknown; all other checks passed, with warnings: duplicates; "
            "duplicates: known for 50 % of images",
        ),
        (("unknown", 0), ("passed", 40), "failed", "failed", "FAILED: sums; people: unknown"),
        (
            ("failed", 39),
            ("failed", 0),
            "passed",
            "failed",
            "FAILED: people, duplicates; people: known for 98 % of images",
        ),
    ],
)
def test_the_gravest_status_and_all_that_is_unknown(people, duplicates, sums, status, line):
    found = report(people=people, duplicates=duplicates, sums=(sums, None))
    assert (status_of(found), conclusion(found)) == (status, line)
