"""A page for people about a run of `senoscope process`, made from its result objects."""
