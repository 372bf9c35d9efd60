"""Regions that whoever sent a study marked on its images: they are looked at, and no others."""
