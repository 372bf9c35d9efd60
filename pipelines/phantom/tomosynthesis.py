"""A phantom as a Breast Tomosynthesis object: planes through the same breast, one frame each."""

import numpy as np
from pydicom import Dataset
from pydicom.uid import BreastTomosynthesisImageStorage

from pipelines.phantom.anatomy import FIELD_HEIGHT
from pipelines.phantom.mammogram import Exposure, view_code
from pipelines.phantom.objects import blank_object, code, item, phantom_uid
from pipelines.phantom.pixels import View, phantom
from pipelines.phantom.raster import Floats
from pipelines.phantom.storage import store

_FRAME_TYPE = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
_PLANE_NOISE = 0.02
_USUAL = Exposure()


def tomosynthesis(view: View = "LCC", frames: int = 4, exposure: Exposure = _USUAL) -> Dataset:
    """Return a stack of `frames` planes 1 mm apart, which differ in noise alone.

    Raises:
        ValueError: no such view, too small, or the transfer syntax cannot hold the pixels.
    """
    series = (view, frames, exposure)
    sop_class = BreastTomosynthesisImageStorage
    image = blank_object(sop_class, "MG", exposure.seed, series, exposure.instance_number)
    _add_volume(image)
    image.ViewCodeSequence = [view_code(view)]
    image.FrameOfReferenceUID = phantom_uid("frame of reference", exposure.seed, view)
    image.PositionReferenceIndicator = ""
    image.NumberOfFrames = frames
    image.SharedFunctionalGroupsSequence = [_shared(view, exposure)]
    image.PerFrameFunctionalGroupsSequence = [_of_plane(number) for number in range(frames)]
    truth = phantom(view, exposure.rows, exposure.columns, exposure.seed)
    store(image, _planes(truth.pixels, frames, exposure.seed), truth.breast, exposure.storage)
    return image


def _planes(pixels: Floats, frames: int, seed: int) -> Floats:
    noise = np.random.default_rng((seed, frames)).standard_normal((frames, *pixels.shape))
    return np.asarray(np.clip(pixels * (1 + _PLANE_NOISE * noise), 0, 1), np.float32)


def _add_volume(image: Dataset) -> None:
    image.ImageType = _FRAME_TYPE
    image.PixelPresentation, image.VolumetricProperties = "MONOCHROME", "SAMPLED"
    image.VolumeBasedCalculationTechnique = "TOMOSYNTHESIS"
    image.ContentQualification = "RESEARCH"
    image.BodyPartExamined = "BREAST"
    image.BreastImplantPresent = image.QualityControlImage = image.BurnedInAnnotation = "NO"
    image.LossyImageCompression, image.PresentationLUTShape = "00", "IDENTITY"
    image.AcquisitionContextSequence = []
    image.XRay3DAcquisitionSequence = [_acquisition()]


def _acquisition() -> Dataset:
    return item(
        DistanceSourceToDetector="700",
        DistanceSourceToPatient="636",
        EstimatedRadiographicMagnificationFactor="1.1",
        FieldOfViewShape="RECTANGLE",
        FieldOfViewOrigin=["0", "0"],
        FieldOfViewRotation="0",
        FieldOfViewHorizontalFlip="NO",
        FilterType="STRIP",
        FocalSpots="0.3",
        AnodeTargetMaterial="TUNGSTEN",
        BodyPartThickness="52",
        CompressionForce="90",
        FilterMaterial="ALUMINUM",
        ExposureControlMode="AUTOMATIC",
        ExposureControlModeDescription="Phantom",
        DetectorTemperature="32",
        PaddleDescription="NONE",
        XRayReceptorType="DIGITAL_DETECTOR",
        HalfValueLayer="0.5",
        OrganDose="0.013",
        EntranceDoseInmGy="3.75",
        PerProjectionAcquisitionSequence=[
            item(
                RelativeXRayExposure=459,
                PositionerPrimaryAngle="0",
                ExposureTimeInms=264.0,
                XRayTubeCurrentInmA=165.0,
                ExposureInmAs=43.6,
            )
        ],
    )


def _shared(view: View, exposure: Exposure) -> Dataset:
    """Return the functional groups that hold for every plane."""
    spacing = f"{FIELD_HEIGHT / exposure.rows:.6g}"
    anatomy = item(AnatomicRegionSequence=[code("76752008", "Breast")], FrameLaterality=view[0])
    measures = item(SliceThickness="1", PixelSpacing=[spacing, spacing])
    top = exposure.storage.top
    window = item(WindowCenter=str(top // 2), WindowWidth=str(top))
    rescale = item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
    return item(
        FrameAnatomySequence=[anatomy],
        PixelMeasuresSequence=[measures],
        PlaneOrientationSequence=[item(ImageOrientationPatient=["0", "1", "0", "0", "0", "-1"])],
        FrameVOILUTSequence=[window],
        PixelValueTransformationSequence=[rescale],
    )


def _of_plane(number: int) -> Dataset:
    """Return the functional groups of one plane."""
    kind = item(
        FrameType=_FRAME_TYPE,
        PixelPresentation="MONOCHROME",
        VolumetricProperties="SAMPLED",
        VolumeBasedCalculationTechnique="TOMOSYNTHESIS",
    )
    return item(
        XRay3DFrameTypeSequence=[kind],
        FrameContentSequence=[item(FrameAcquisitionNumber=1)],
        PlanePositionSequence=[item(ImagePositionPatient=[str(number), "0", "0"])],
    )
