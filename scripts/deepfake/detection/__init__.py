"""From any media to verdicts: how they are made ready, who is in them, and what a model says of each."""
