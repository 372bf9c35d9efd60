"""What operations and browsers ask."""
