"""The summary's numbers of groups of people, and of videos of several people."""

from collections.abc import Mapping

from deepfake.evaluation.groups import GAP_METRICS, GROUP_METRICS


def groups_of_people(groups: Mapping[str, Mapping]) -> list[dict]:
    """Return what the page shows of each attribute of `evaluate_groups`; see summary_people.html.j2."""
    return [
        {
            "attribute": attribute,
            "left_out": found.get("left_out", ""),
            "titles": [GROUP_METRICS[metric] for metric in GAP_METRICS],
            "rows": [
                {
                    "name": name,
                    "videos": group["videos"],
                    "units": group["units"],
                    "scores": [group["metrics"][metric] for metric in GAP_METRICS],
                }
                for name, group in found["groups"].items()
            ],
            "gaps": [{"title": GROUP_METRICS[metric], **gap} for metric, gap in found["gaps"].items() if gap],
        }
        for attribute, found in groups.items()
    ]
