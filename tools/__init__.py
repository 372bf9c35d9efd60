"""Tools for those who work on Senoscope; not installed with it."""
