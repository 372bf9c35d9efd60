"""How DICOM objects come in."""
