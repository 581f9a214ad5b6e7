"""choose.py: the best model of a dataset."""

import itertools
import json
from pathlib import Path

import pytest
from made.programs import run_program


def choose(folder: Path, models: dict[str, tuple[float, float]]) -> dict:
    """Return choice.json of models with their macro F1 and log loss."""
    for name, (f1_macro, log_loss) in models.items():
        (folder / name).mkdir()
        (folder / name / "best.pt").write_text(f"weights of {name}")
        facts = {"metrics": {"val": {"f1_macro": f1_macro, "log_loss": log_loss}}}
        (folder / name / "facts.json").write_text(json.dumps(facts))
    args = ["--dataset", "made", "--models", *models]
    args += ["--checkpoints", *(folder / name / "best.pt" for name in models)]
    args += ["--facts", *(folder / name / "facts.json" for name in models)]
    args += ["--output", folder / "best.pt", "--output-choice", folder / "choice.json"]
    assert run_program("choose.py", *args) == 0
    choice = json.loads((folder / "choice.json").read_text())
    assert (folder / "best.pt").read_text() == f"weights of {choice['chosen']}"
    return choice


CASES = {
    "macro F1": ({"a": (0.8, 0.1), "b": (0.9, 0.7), "c": (0.7, 0.2)}, ["b", "a", "c"]),
    "then log loss": ({"a": (0.9, 0.7), "b": (0.9, 0.1), "c": (0.9, 0.3)}, ["b", "c", "a"]),
    "then name": ({"vit": (0.9, 0.1), "meso4": (0.9, 0.1)}, ["meso4", "vit"]),
    "single model": ({"a": (0.0, 3.0)}, ["a"]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_best_model_is_chosen(tmp_path, case):
    models, expected = CASES[case]
    for number, order in enumerate(itertools.permutations(models.items())):
        folder = tmp_path / str(number)
        folder.mkdir()
        choice = choose(folder, dict(order))
        assert choice["chosen"] == expected[0]
        assert [c["model"] for c in choice["candidates"]] == expected
        assert all((c["f1_macro"], c["log_loss"]) == models[c["model"]] for c in choice["candidates"])
