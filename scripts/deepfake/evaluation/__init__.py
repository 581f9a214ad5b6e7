"""Evaluation: from predictions to metrics with confidence intervals, and plots. Nothing here needs torch."""
