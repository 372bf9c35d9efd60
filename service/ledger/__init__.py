"""What was received, decided, done and sent, and where its bytes lie."""
