"""People are told what goes wrong, and that it is over."""
