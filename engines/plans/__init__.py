"""Compiled networks on disk, and how they fared: kept, found again, never trusted blindly."""
