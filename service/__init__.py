"""The node: what listens, remembers, decides, works and delivers."""
