"""Networks in PyTorch, as published."""
