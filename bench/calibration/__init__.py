"""How often intervals, tests, gates and plans keep what they promise, by simulation: `python -m bench.calibration`."""
