"""Images and what was made of them, as people look at them in the console."""
