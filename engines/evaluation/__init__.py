"""How well a card does on sets of images."""
