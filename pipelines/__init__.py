"""Pipelines: images and engines in, results out. No broker, no socket, no disk, no clock."""
