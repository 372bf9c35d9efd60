"""The objects that are sent back."""
