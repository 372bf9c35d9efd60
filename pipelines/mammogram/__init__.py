"""From a dataset as it came to pixels a network can read."""
