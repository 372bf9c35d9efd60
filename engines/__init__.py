"""Engines: arrays in, arrays out. No DICOM, no broker, no clock."""
