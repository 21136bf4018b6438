"""Benchmarks: `python -m benchmarks` runs them all against whatever peers are installed."""
