"""The fault bench: what networks, processes, disks and clocks do to a node; see docs/faults.md."""
