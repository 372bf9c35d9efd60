"""What was found on images, read back from the result objects alone."""
