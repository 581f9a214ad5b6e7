"""Other forms of a model, smaller or faster: how they are made, checked against the model, and weighed."""
