"""Backups: a copy of all that a node cannot make anew, and the way back from it."""
