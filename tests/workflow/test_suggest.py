"""From drawn corpora that nobody has described to one dataset without an edit: suggest, then the workflow."""

import yaml
from made.draw_tree import draw_tree
from made.programs import run_program
from made.trees import TREES

from deepfake import tables

DRAWN = """
frames: {count: 1, boost: 1}
faces: {upsample: 0}
datasets: {mine: {policy: group, duplicates: null}}
train: {models: []}
"""
"""Less to do: to part so many people takes half a minute. And all corpora are drawn of the same people, so
that most images would be near-duplicates of some others."""


def test_every_drawn_corpus_becomes_part_of_a_dataset(project, capsys):
    for layout, tree in TREES.items():
        draw_tree(tree, project / f"data/of_{layout}")
    code = run_program("suggest.py", project / "data", "--output", project / "mine.yaml")
    report = capsys.readouterr().err
    config = yaml.safe_load((project / "mine.yaml").read_text(encoding="utf-8"))
    assert {name: corpus["layout"] for name, corpus in config["corpora"].items()} == {
        f"of_{layout}": layout for layout in TREES
    }, report
    assert code == 0, report
    (project / "drawn.yaml").write_text(DRAWN)
    project.run("results/mine", "--configfile", "mine.yaml", "drawn.yaml")

    images = tables.read_rows(project / "results/mine/metadata.csv")
    assert {row["corpus"] for row in images} == set(config["corpora"])
    assert {(row["split"], row["label"]) for row in images} == {
        (split, label) for split in config["datasets"]["mine"]["splits"] for label in ("0", "1")
    }

    # What `layout: auto` finds counts as if it were written.
    for name in ("of_csv", "of_dfd"):
        config["corpora"][name] |= {"layout": "auto", "columns": None}
    (project / "auto.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    again = project.run("results/mine", "--configfile", "auto.yaml", "drawn.yaml", "-n")
    assert "corpora.of_csv: layout csv" in again.text
    assert not again.jobs
