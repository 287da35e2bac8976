"""Benchmarks: everything that is compared runs side by side in one run, and ratios are printed."""
