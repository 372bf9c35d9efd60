"""Synthetic mammograms with known truth, for tests, the demo and `senoscope check`."""
