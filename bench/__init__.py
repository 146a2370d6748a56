"""Benchmarks: evald against the reference packages, as ratios measured side by side. See README.md."""
