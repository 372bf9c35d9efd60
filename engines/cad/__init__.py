"""From the pixels of a mammogram to findings: arrays in, records out, no DICOM."""
