"""What metrics.txt says of several people in one video, and of groups of people."""

from deepfake.evaluation.bootstrap import FEW_UNITS
from deepfake.evaluation.groups import GAP_METRICS, GROUP_METRICS


def several_people_lines(rows: list[dict]) -> list[str]:
    """Return a line for each number of people of `false_alarms_by_people`, with a title; [] for none."""
    if not rows:
        return []
    lines = [
        "Real videos called fake, by the number of people in them (computed from single real people)",
        f"{'people':>8}{'at the threshold of one person':>36}{'at that of so many':>42}",
    ]
    for row in rows:
        own = f"{_cell(row['corrected'])} at {row['threshold']:.4f}"
        lines.append(f"{row['people']:>8}{_cell(row['single']):>36}{own:>42}")
    return lines


def groups_lines(groups: dict[str, dict]) -> list[str]:
    """Return a table for each attribute of `evaluate_groups`, and its largest gaps; [] for none."""
    lines = []
    for attribute, found in groups.items():
        lines.append("")
        if reason := found.get("left_out"):
            lines.append(f"{attribute}, videos: not shown, because {reason}")
            continue
        width = max([len(attribute) + 8, *map(len, found["groups"])]) + 2
        head = "".join(f"{GROUP_METRICS[metric]:>28}" for metric in GAP_METRICS)
        lines.append(f"{attribute + ', videos':{width}}{'videos':>8}{'people':>8}{head}")
        for name, group in found["groups"].items():
            cells = "".join(f"{_cell(group['metrics'][metric]):>28}" for metric in GAP_METRICS)
            lines.append(f"{name:{width}}{group['videos']:>8,}{group['units']:>8,}{cells}")
        gaps = [
            f"{GROUP_METRICS[metric]} {_cell(gap)} ({gap['highest']} above {gap['lowest']})"
            for metric, gap in found["gaps"].items()
            if gap
        ]
        few = f"none: no two groups have {FEW_UNITS} people"
        lines.append(f"Largest gaps: {'; '.join(gaps) or few}")
    return lines[1:]


def _cell(numbers: dict[str, float | None]) -> str:
    if numbers["value"] is None:
        return "-"
    interval = "" if numbers["low"] is None else f" [{numbers['low']:.4f}, {numbers['high']:.4f}]"
    return f"{numbers['value']:.4f}{interval}"
