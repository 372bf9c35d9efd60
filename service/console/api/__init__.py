"""The API, `/api/v1`: everything that the console does, for programs."""
