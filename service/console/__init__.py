"""The console and the API: people look, and act, by browser or by program."""
