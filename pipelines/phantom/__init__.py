"""Synthetic mammograms with known truth, for tests, the demo and the benches."""

from pipelines.phantom.mammogram import Exposure, mammogram, mammogram_of, study
from pipelines.phantom.pictures import Modality, Picture, picture
from pipelines.phantom.pixels import VIEWS, Phantom, View, phantom
from pipelines.phantom.storage import TRANSFER_SYNTAXES, Storage
from pipelines.phantom.tomosynthesis import tomosynthesis

__all__ = [
    "TRANSFER_SYNTAXES",
    "VIEWS",
    "Exposure",
    "Modality",
    "Phantom",
    "Picture",
    "Storage",
    "View",
    "mammogram",
    "mammogram_of",
    "phantom",
    "picture",
    "study",
    "tomosynthesis",
]
