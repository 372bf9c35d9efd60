"""Other people's programs that the tests speak with: Orthanc, dcmtk and Redis, never a mock."""
