"""How values come about that are neither fixed nor simply taken over."""

from collections.abc import Mapping

MOMENT = "when the job was created, by the clock of the source where it states its time zone"
ELSE = "; where it has none, all values if it is FOR PRESENTATION, else those it holds"
DERIVED = "derived: see UIDs"

COMPUTED: Mapping[str, str] = {
    "AlgorithmName": "of the model",
    "AlgorithmParameters": "SHA-256 of the weights",
    "AlgorithmVersion": "of the model",
    "AnatomicRegionModifierSequence": "left or right, as the source says",
    "BitsStored": "of the source, at least 9",
    "BoundingBoxBottomRightHandCorner": "beside the outline; fixed for the notice",
    "BoundingBoxTextHorizontalJustification": "LEFT, or RIGHT where a label is left of its outline",
    "BoundingBoxTopLeftHandCorner": "beside the outline; fixed for the notice",
    "ContentDate": MOMENT,
    "ContentTime": MOMENT,
    "ContributingEquipmentSequence": "what contributed to the source, its modality, this node",
    "ContributionDateTime": "of the modality: Acquisition Date and Time; of this node: " + MOMENT,
    "CurrentRequestedProcedureEvidenceSequence": "all that the content refers to",
    "DateOfSecondaryCapture": MOMENT,
    "DerivationDescription": "the model, its version and what was done; RESEARCH USE ONLY ...",
    "DimensionIndexValues": "number of the segment",
    "DimensionOrganizationUID": DERIVED,
    "DisplayedAreaBottomRightHandCorner": "columns and rows of the image: all of it is shown",
    "GraphicData": "the outline, closed, at most at the edges of the image",
    "HighBit": "Bits Stored less 1",
    "ImageLaterality": "Image Laterality of the source, else Laterality of its series",
    "ImagerPixelSpacing": "of the source, divided by the scale",
    "InstanceCreationDate": MOMENT,
    "InstanceCreationTime": MOMENT,
    "InstanceNumber": "of the source, of a study its first image; 1 where it has none",
    "LUTData": "the table of the source, for the values of this object",
    "LUTDescriptor": "of that table; entries of 8 or 16 bits",
    "LUTExplanation": "of the source",
    "LossyImageCompression": "of the source; 01 also where its transfer syntax is lossy",
    "LossyImageCompressionMethod": "of the source, else that of its transfer syntax",
    "LossyImageCompressionRatio": "of the source, else the one its bytes give",
    "NumberOfGraphicPoints": "of the outline, its first corner again as its last",
    "PixelData": "see results.md",
    "PixelIntensityRelationshipSign": "of the source, turned round where values were",
    "PixelPaddingRangeLimit": "of the source, on the values of the result",
    "PixelPaddingValue": "of the source, on the values of the result",
    "PixelSpacing": "(Imager or Nominal Scanned) Pixel Spacing of the source, divided by the scale",
    "PresentationCreationDate": MOMENT,
    "PresentationCreationTime": MOMENT,
    "PresentationLUTShape": "INVERSE where the image is MONOCHROME1, else IDENTITY",
    "PresentationPixelAspectRatio": "of the image where no spacing is known, else 1\\1",
    "PresentationPixelSpacing": "spacing of the image where that is known",
    "ReferencedSegmentNumber": "number of the segment",
    "RescaleIntercept": "of the source for a presentation state on it, else 0",
    "RescaleSlope": "of the source for a presentation state on it, else 1",
    "RescaleType": "of the source for a presentation state on it, else US",
    "SecondaryCaptureDeviceSoftwareVersions": "as Software Versions",
    "SegmentAlgorithmName": "name of the model",
    "SegmentLabel": "name of the label, or of the lesion as in the reports",
    "SegmentNumber": "from 1 on",
    "SegmentedPropertyTypeCodeSequence": "a mass; of a model of one's own, the code of its label",
    "TimeOfSecondaryCapture": MOMENT,
    "TrackingID": "name of the label, or of the lesion as in the reports",
    "TrackingUID": "derived: the same lesion has the same in all objects of a study",
    "UnformattedTextValue": "name of the lesion and its probability in percent; the notice",
    "VOILUTFunction": "of the source, else LINEAR",
    "WindowCenter": "of the source, on the values of this object" + ELSE,
    "WindowCenterWidthExplanation": "of the source, where every window has one",
    "WindowWidth": "of the source, on the values of this object" + ELSE,
}
"""By keyword, wherever it stands."""

COMPUTED_AT_TOP: Mapping[str, str] = {
    "Columns": "of the source, times the scale if enlarged; of an overlay in proportion",
    "DeviceSerialNumber": "of this installation, from its key",
    "Laterality": "of the source where it is L or R, else empty",
    "NumberOfFrames": "one for each segment",
    "PatientOrientation": "of the source where both directions are legal",
    "Rows": "of the source, times the scale if enlarged; of an overlay at most 2048",
    "SOPInstanceUID": DERIVED,
    "SeriesInstanceUID": DERIVED,
    "SoftwareVersions": "release, then name, version and start of the SHA-256 of each model",
}
"""By keyword, for the object itself and not for what it refers to."""

COMPUTED_WITHIN: Mapping[str, Mapping[str, str]] = {
    "ContributingEquipmentSequence": {
        "DeviceSerialNumber": "of each, where it is known",
        "Manufacturer": "of each; UNKNOWN where the source names none",
        "ManufacturerModelName": "of each, where it is known",
        "PurposeOfReferenceCodeSequence": "what others contributed as the source says; the "
        'modality: (109101, DCM, "Acquisition Equipment"); this node: (109102, DCM, '
        '"Processing Equipment")',
        "SoftwareVersions": "of each, where it is known",
        "StationName": "of each, where it is known",
    },
    "SoftcopyVOILUTSequence": {
        "VOILUTFunction": "of the image, where it is not LINEAR",
        "WindowCenter": "the first of the image, on its own values" + ELSE,
        "WindowWidth": "the first of the image, on its own values" + ELSE,
    },
    "ReferencedSeriesSequence": {
        "SeriesInstanceUID": "of the source, or of the result that is referred to",
    },
    "ReferencedSOPSequence": {
        "ReferencedSOPClassUID": "of the source, or of the result that is referred to",
        "ReferencedSOPInstanceUID": "of the source, or of the result that is referred to",
    },
    "ReferencedImageSequence": {
        "ReferencedSOPClassUID": "of the source, or of the result that is referred to",
        "ReferencedSOPInstanceUID": "of the source, or of the result that is referred to",
    },
}
"""By the sequence that it stands in, then by keyword; these are copied or computed."""
