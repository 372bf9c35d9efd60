"""The study that is sent: one small picture of nobody, the same every time but for its UIDs."""

from uuid import UUID

from pydicom import Dataset
from pydicom.uid import UID

from pipelines.phantom import Exposure, mammogram
from service.canary.routing import VIEW

ROWS, COLUMNS, SEED = 160, 128, 1895
WHAT = "CANARY OF SENOSCOPE - NO PATIENT"


def canary_image(chance: UUID) -> Dataset:
    """Return the picture under UIDs made of `chance`."""
    image = mammogram(VIEW, Exposure(rows=ROWS, columns=COLUMNS, seed=SEED))
    root = f"2.25.{chance.int}"
    image.StudyInstanceUID, image.SeriesInstanceUID = UID(root), _below(chance, 1)
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = _below(chance, 2)
    image.PatientName, image.PatientID = "CANARY^SENOSCOPE", "SENOSCOPE-CANARY"
    image.PatientBirthDate, image.PatientSex, image.PatientAge = "", "O", ""
    image.StudyID, image.AccessionNumber = "CANARY", ""
    image.StudyDescription = image.SeriesDescription = image.ImageComments = WHAT
    image.QualityControlImage = "YES"
    return image


def _below(chance: UUID, number: int) -> UID:
    """Return another UID of that chance: PS3.5 B.2 has no arcs below, so it is counted up."""
    return UID(f"2.25.{(chance.int + number) % 2**128}")
