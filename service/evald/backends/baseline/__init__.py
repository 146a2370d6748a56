"""Simple baselines that a call trains on rows of its own."""
