"""What comes back when an object has been written and read."""

from io import BytesIO

from pydicom import Dataset, dcmread


def written(image: Dataset) -> bytes:
    """Return the bytes of a DICOM file."""
    file = BytesIO()
    image.save_as(file, enforce_file_format=True)
    return file.getvalue()


def reread(image: Dataset) -> Dataset:
    """Return `image` as it is read from its own bytes."""
    return dcmread(BytesIO(written(image)))
