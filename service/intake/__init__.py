"""What comes in, by whatever door: checked to its end before anybody hears Success."""
