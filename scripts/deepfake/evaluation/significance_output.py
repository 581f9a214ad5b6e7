"""How models differ (see significance.compare_models) as a long table, and as text for people."""

import pandas as pd

from deepfake.evaluation.metrics import METRICS
from deepfake.evaluation.significance import SCORES

COLUMNS = "model other score test difference low high p p_holm better videos units".split()
"""A row for each pair of models, score and test. `better` is "" if neither is."""


def significance_table(result: dict) -> pd.DataFrame:
    """Return a table of COLUMNS."""
    sizes = {"videos": result["videos"], "units": sum(result["units"].values())}
    rows = [
        {"model": pair["model"], "other": pair["other"], **row, **sizes}
        for pair in result["pairs"]
        for row in pair["tests"]
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def significance_text(result: dict) -> str:
    """Return a line for each model, with its scores and how often it is better, worse and neither."""
    width = max([len("model"), *(len(model["model"]) for model in result["models"])]) + 2
    head = "".join(f"{METRICS[score]:>10}{'wins':>6}{'losses':>8}{'ties':>6}" for score in SCORES)
    lines = [f"{'model':{width}}{head}"]
    for model in result["models"]:
        cells = ""
        for score in SCORES:
            value = "-" if model[score] is None else f"{model[score]:.4f}"
            counts = model["counts"][score]
            cells += f"{value:>10}{counts['wins']:>6}{counts['losses']:>8}{counts['ties']:>6}"
        lines.append(f"{model['model']:{width}}{cells}")
    kinds = ", ".join(f"{number:,} by {kind}" for kind, number in result["units"].items() if number)
    how = (
        f"Of videos, by {result['rounds']:,} bootstrap rounds over the same units for both models ({kinds})."
        f" A win: p is at most {result['alpha']:g} after Holm's correction for {len(result['pairs'])} pairs."
    )
    return "\n".join([*lines, "", result["note"] or how])
