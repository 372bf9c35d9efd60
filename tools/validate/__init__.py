"""What other people's validators say about our results."""
