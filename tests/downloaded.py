"""Public collections as one downloads them, written small: the formats are the original ones."""

import io
import plistlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from phantoms import mammogram
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

INFO = """\
              MAMMOGRAPHIC IMAGE ANALYSIS SOCIETY
                  MiniMammographic Database

1st column: MIAS database reference number.
mdb is the prefix of every film.

mdb001 G CIRC B 535 425 197
mdb002 G CIRC B 522 280 69
mdb003 D NORM
mdb004 D NORM
mdb005 F CIRC B 477 133 30
mdb005 F CIRC B 500 168 26
mdb059 F CIRC B
mdb216 D CALC M *NOTE 3*
"""
INFO_FILMS = ("mdb001", "mdb002", "mdb003", "mdb004", "mdb005", "mdb059", "mdb216")
HEADER = (
    "patient_id,{density},left or right breast,image view,abnormality id,abnormality type,"
    "{form},{edge},assessment,pathology,subtlety,image file path,cropped image file path,"
    "ROI mask file path\n"
)
MASS_HEADER = HEADER.format(density="breast_density", form="mass shape", edge="mass margins")
CALC_HEADER = HEADER.format(density="breast density", form="calc type", edge="calc distribution")
INBREAST_HEADER = "Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads\n"


def film(seed: int, side: int = 1024) -> NDArray[np.uint8]:
    """Return grey values that tell one film from another, and top from bottom."""
    rows, columns = np.indices((side, side))
    return ((rows * 3 + columns + 17 * seed) // 8 % 256).astype(np.uint8)


def write_pgm(path: Path, pixels: NDArray[np.uint8]) -> Path:
    """Write a binary PGM as mini-MIAS has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = pixels.shape
    path.write_bytes(b"P5\n# mini-MIAS\n%d %d\n255\n" % (columns, rows) + pixels.tobytes())
    return path


def mini_mias(folder: Path, info: str = INFO, films: Iterable[str] = INFO_FILMS) -> Path:
    """Write mini-MIAS: PGM films and the text with their table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in films:
        write_pgm(folder / f"{name}.pgm", film(int(name[3:])))
    (folder / "Info.txt").write_text(info, encoding="ascii")
    return folder


def secondary_capture(pixels: np.ndarray, patient_id: str, number: int) -> Dataset:
    """Return an image as CBIS-DDSM has them: Secondary Capture, grey, 8 or 16 bits."""
    uid = f"2.25.1{crc32(patient_id.encode())}{number:02}{crc32(pixels.tobytes())}"
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = SecondaryCaptureImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = uid
    image.PatientID = image.PatientName = patient_id
    image.Modality, image.SeriesDescription = "MG", "ROI mask images"  # of crops too
    image.Rows, image.Columns = pixels.shape
    image.BitsAllocated = image.BitsStored = 8 * pixels.itemsize
    image.HighBit = image.BitsStored - 1
    image.PixelRepresentation, image.SamplesPerPixel = 0, 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.PixelData = pixels.tobytes()
    return image


def write_dicom(path: Path, image: Dataset) -> Path:
    """Write a DICOM file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return path


def breast(rows: int = 1000, columns: int = 500) -> NDArray[np.uint16]:
    """Return a film of CBIS-DDSM, 16 bits, whose darkest value is 0 and whose brightest 65535."""
    down, across = np.linspace(0, 1, rows)[:, None], np.linspace(0, 1, columns)[None, :]
    return np.rint(65535 * down * (1 - across / 2)).astype(np.uint16)


def blob(
    shape: tuple[int, int], box: tuple[int, int, int, int], value: int = 255
) -> NDArray[np.uint8]:
    """Return a mask with a full box: left, top, width, height."""
    mask = np.zeros(shape, np.uint8)
    left, top, width, height = box
    mask[top : top + height, left : left + width] = value
    return mask


def cbis_film(source: Path, name: str, pixels: np.ndarray, file: str = "1-1.dcm") -> Path:
    """Write a full mammogram where NBIA Data Retriever puts it."""
    path = source / "CBIS-DDSM" / name / "07-20-2016-DDSM-74994" / "1.0-full mammogram images-24515"
    return write_dicom(path / file, secondary_capture(pixels, name, 0))


def cbis_roi(
    source: Path, name: str, mask: np.ndarray, crop: np.ndarray, order: Sequence[str]
) -> list[Path]:
    """Write the mask and the crop of an abnormality under the names of `order`, mask first."""
    path = source / "CBIS-DDSM" / name / "07-21-2016-DDSM-33313" / "1.0-ROI mask images-60878"
    return [
        write_dicom(path / file, secondary_capture(pixels, name, number))
        for number, (file, pixels) in enumerate(zip(order, (mask, crop), strict=True))
    ]


def cbis_row(
    name: str, number: int, pathology: str = "MALIGNANT", form: str = "IRREGULAR", **stale: str
) -> str:
    """Return a row of an official table, with paths that are stale and broken by a line."""
    _, _, patient, side, view = name.split("_")
    folder = stale.get("roi", f"{name}_{number}")
    image = f"{name}/1.3.6.1.4.1.9590.100.1.2.4221/1.3.6.1.4.1.9590.100.1.2.3423/000000.dcm"
    roi = f"{folder}/1.3.6.1.4.1.9590.100.1.2.1082/1.3.6.1.4.1.9590.100.1.2.2967"
    return (
        f"P_{patient},3,{side},{view},{number},mass,{form},SPICULATED,4,{pathology},4,{image},"
        f'"{roi}/000000.dcm\n","{roi}/000001.dcm\n"\n'
    )


def marks(*rois: tuple[str, Sequence[tuple[float, float]]]) -> bytes:
    """Return a property list as OsiriX wrote it, with these marks."""
    written = [
        {
            "Area": 1.5,
            "Center": "(0.000000, 0.000000, 0.000000)",
            "Dev": 1.0,
            "IndexInImage": index,
            "Max": 4095.0,
            "Mean": 100.0,
            "Min": 0.0,
            "Name": name,
            "NumberOfPoints": len(points),
            "Point_mm": [f"({x * 0.07:f}, {y * 0.07:f}, 0.000000)" for x, y in points],
            "Point_px": [f"({x:f}, {y:f})" for x, y in points],
            "Total": 1.0,
            "Type": 9,
        }
        for index, (name, points) in enumerate(rois)
    ]
    image = {"ImageIndex": 0, "NumberOfROIs": len(written), "ROIs": written}
    return plistlib.dumps({"Images": [image]})


def square(left: float, top: float, side: float) -> list[tuple[float, float]]:
    """Return the corners of a square."""
    return [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]


def inbreast(
    folder: Path,
    images: Mapping[str, str],
    rows: Iterable[str],
    lists: Mapping[str, bytes] | None = None,
) -> Path:
    """Write INbreast: `images` are file names and views, `rows` of the table, `lists` of marks."""
    release = folder / "INbreast Release 1.0"
    for number, (name, view) in enumerate(images.items()):
        image = mammogram(view, seed=number, bits_stored=12)  # type: ignore[arg-type]
        image.ImagerPixelSpacing = [0.07, 0.07]
        write_dicom(release / "AllDICOMs" / name, image)
    for name, held in (lists or {}).items():
        path = release / "AllXML" / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(held)
    table = INBREAST_HEADER + "".join(f"{row}\n" for row in rows)
    (release / "INbreast.csv").write_text(table, encoding="utf-8")
    return folder


def picture(path: Path) -> np.ndarray:
    """Return the values of a picture."""
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(image)


def pixels_of(path: Path) -> np.ndarray:
    """Return the stored values of a DICOM file."""
    return dcmread(path).pixel_array
