"""What a model's section says about tuning and its learning rates, without torch: conflicts."""


def tuning_conflict(model: dict) -> str:
    """Return what is wrong with `freeze_epochs`, losses of features and the schedule; "" if nothing is."""
    frozen, epochs = model["freeze_epochs"], model["epochs"]
    if frozen and model["tune"] == "head":
        return "freeze_epochs: tune: head trains the head alone in all epochs; write 0"
    if frozen and frozen >= epochs:
        return f"freeze_epochs: {frozen} leaves none of the {epochs} epochs to train the rest in; write fewer"
    for key in ("uniformity", "alignment"):
        if model[key] and model["tune"] == "head":
            return (
                f"{key}: {model[key]} can't be used with tune: head, whose features stay as they are; write "
                "0, or tune: norms"
            )
    for key, default in (("restart_every", None), ("lr_min", 0)):
        if model[key] != default and model["schedule"] != "cosine":
            value = "null" if default is None else default
            return f"{key}: only schedule: cosine has one; write schedule: cosine, or {key}: {value}"
    return ""
