"""What the one-page report says of an ensemble: of which models it is made, and how."""

from deepfake.pages.html import cell, note, table, wide

WEIGHTED = {"equally": "weighted equally", "validation": "weighted by validation"}


def made_of(facts: dict) -> str:
    """An ensemble's `facts` in a line, such as "of meso4, vit; weighted by validation; T = 1.300"."""
    section = facts["training"]["ensemble"]
    parts = [f"of {', '.join(section['models'])}"]
    if len(section["models"]) > 1:
        parts.append(WEIGHTED[section["weighted"]])
    if facts["views"] > 1:
        parts.append(f"{facts['views']} views")
    if section["calibrate"]:
        parts.append(f"T = {facts['temperature']:.3f}")
    return "; ".join(parts)


def members(facts: dict) -> str:
    """The members of an ensemble as a table, and what becomes of their logits."""
    found = {name: facts["members"][name] for name in facts["training"]["ensemble"]["models"]}
    rows = [
        [
            cell(name),
            cell(", ".join(member["archs"])),
            cell(f"{member['weight']:.3f}", "n"),
            cell("–" if member["f1_macro"] is None else f"{member['f1_macro']:.3f}", "n"),
        ]
        for name, member in found.items()
    ]
    head = ["model", "networks", ("weight", "n"), ("val F1", "n")]
    return note(_about(facts)) + wide(table(head, rows))


def _about(facts: dict) -> str:
    section = facts["training"]["ensemble"]
    text = "Nothing was trained for it. "
    if len(facts["members"]) == 1:
        text += "It gives the logits of one model"
    else:
        text += "It gives the mean of its models' logits"
        text += ", weighted by their macro F1 on val" if section["weighted"] == "validation" else ""
    if facts["views"] > 1:
        text += f", averaged over {facts['views']} views of each image: {_views(section['tta'])}"
    if section["calibrate"]:
        text += f". They are divided by a temperature of {facts['temperature']:.4f}, fitted on val"
    return f"{text}."


def _views(tta: dict) -> str:
    """Such as "squares of 1 and 0.9 of its side about the middle, each mirrored too"."""
    text = f"squares of {' and '.join(f'{side:g}' for side in tta['scales'])} of its side about the middle"
    if tta["crops"] is not None:
        text += f", of {tta['crops']:g} in the corners"
    return text + (", each mirrored too" if tta["flip"] else "")
