"""Proof by traffic: a phantom study goes through the node, and what comes out is looked at."""
