"""What a model's section of the config says of self-blended images, without torch."""


def keeps_originals(model: dict) -> bool:
    """Return whether each real image of train is learnt beside its own blend, and fakes are not learnt."""
    return not model["fakes"] and model["self_blend"] == 1


def copies(model: dict) -> int:
    """Return how many images a batch gets for each image that is read: with its blend beside it, two."""
    return 2 if keeps_originals(model) else 1


def landmark_kind(model: dict) -> str | None:
    """Return the landmarks that a model's training needs, a name of inputs.landmarks.KINDS; None for none."""
    kind = str(model["self_blend_landmarks"])
    return kind if model["self_blend"] and kind != "none" else None


def takes_neighbours(model: dict) -> bool:
    """Return whether a model's training blends in the faces of others."""
    return bool(model["self_blend"]) and model["self_blend_source"] == "neighbour"


def blend_conflict(model: dict) -> str | None:
    """Return why the settings of a `models` section don't fit together; None if they do."""
    share = model["self_blend"]
    if not model["fakes"] and not share:
        return "fakes: false can't be used with self_blend: 0, which leaves no fakes; write self_blend: 1"
    if model["fakes"] and share == 1:
        return (
            "self_blend: 1 makes fakes of all real images; write fakes: false, with which they are kept as "
            "well, or a smaller part"
        )
    if takes_neighbours(model) and landmark_kind(model) is None:
        return "self_blend_source: neighbour needs landmarks; write self_blend_landmarks: five, or 68"
    return None
