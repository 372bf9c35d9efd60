"""The whole way once, against a PACS of its own."""
