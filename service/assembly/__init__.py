"""The families of the parts of a node: each stands on those that it needs, `Parts` on all."""
