"""A picture of nobody that a destination is sent to see whether it takes any."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import Dataset, dcmwrite

from pipelines.phantom import Exposure, mammogram
from pipelines.phantom.objects import phantom_uid
from service.checks import Check
from service.console.desk import Desk
from service.console.person import Person
from service.errors import NodeError, UnknownError

ROWS, COLUMNS = 256, 208
WHAT = "TEST OF THE CONNECTION - NO PATIENT"


def send_sample(desk: Desk, person: Person, name: str) -> Check:
    """Send that destination a test picture; return what it answered, and note who asked.

    Raises:
        UnknownError: if the routes do not name it.
    """
    served = desk.sources.destinations().get(name)
    if served is None:
        raise UnknownError(f"the routes in force name no destination {name}")
    image = sample(name, desk.now())
    uid = str(image.SOPInstanceUID)
    try:
        with TemporaryDirectory(prefix="senoscope-") as folder:
            path = Path(folder) / "test.dcm"
            dcmwrite(path, image, enforce_file_format=True)
            offer = str(image.SOPClassUID), str(image.file_meta.TransferSyntaxUID)
            with served.target.linked({offer}) as line:
                remark = line.send(path)
    except NodeError as error:
        found = Check(name, ok=False, detail=f"the test picture was not taken: {error}")
    else:
        detail = f"took the test picture {uid}, of the study {image.StudyInstanceUID}"
        found = Check(name, ok=True, detail=f"{detail}; it remarks: {remark}" if remark else detail)
    desk.deeds.note(person, "destination.test", name, "done" if found.ok else found.detail)
    return found


def sample(destination: str, now: datetime) -> Dataset:
    """Return a small phantom that says it is a test; its UIDs are those of no other."""
    image = mammogram("LCC", Exposure(rows=ROWS, columns=COLUMNS))
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(image, keyword, phantom_uid("test", keyword, destination, now.isoformat()))
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.PatientName, image.PatientID = "TEST^SENOSCOPE", "SENOSCOPE-TEST"
    image.PatientBirthDate, image.PatientSex, image.PatientAge = "", "O", ""
    image.StudyID, image.AccessionNumber = "TEST", ""
    image.StudyDescription = image.SeriesDescription = image.ImageComments = WHAT
    image.QualityControlImage = "YES"
    image.StudyDate = image.SeriesDate = image.AcquisitionDate = f"{now:%Y%m%d}"
    image.StudyTime = image.SeriesTime = image.AcquisitionTime = f"{now:%H%M%S}"
    image.ContentDate, image.ContentTime = image.StudyDate, image.StudyTime
    return image
