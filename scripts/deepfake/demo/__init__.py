"""The demo corpus: people drawn from scratch, in the layouts of real corpora."""
