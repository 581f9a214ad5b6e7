"""From a decoded dataset to a trained network."""
