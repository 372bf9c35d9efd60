"""How jobs are done."""
