"""Which studies go through which pipeline."""
