"""The generated parts of docs/conformance.md."""
