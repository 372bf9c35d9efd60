"""What is found on one image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from engines.cad.chain import Networks, examine, examine_region
from engines.cad.finding import Finding, Region
from engines.engine import AnswerError, Engine
from pipelines.display import FOR_PRESENTATION
from pipelines.eligibility import why_skipped
from pipelines.errors import CannotProcessError
from pipelines.kinds import Made
from pipelines.mammogram.attributes import text
from pipelines.mammogram.read import Grey, Pixels, read
from pipelines.pipeline import Context
from pipelines.results.derived_image import spacing_of
from pipelines.results.lesions import Reading
from pipelines.results.views import is_oblique
from pipelines.super_resolution import super_resolved

BROKEN_PIXELS, BROKEN_NETWORK = "PIXELS", "NETWORK"
"""Codes of what went wrong, as reports state them; the reason in words is for the log."""

NEARLY, MUCH = 0.05, 0.2
"""How near to the brightest, in shares of the range, which share of an image must be for air."""


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """An image that was looked at: what was found, its pixels, its enlargement with its report.

    `reason` says what could not be done, if anything.
    """

    reading: Reading
    grey: Grey | None = None
    enlarged: Sequence[Made] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Eyes:
    """The networks: those that find, and the one that enlarges whole images."""

    networks: Networks
    enlarger: Engine


def look(image: Dataset, marked: Sequence[Region] | None, eyes: Eyes, context: Context) -> Looked:
    """Return what is found on `image`, or in its `marked` regions and nowhere else."""
    is_marked = marked is not None
    try:
        with context.progress("read"):
            grey = read(image)
    except CannotProcessError as error:
        return Looked(Reading(image, (), BROKEN_PIXELS, is_marked), reason=str(error))
    try:
        with context.progress("analyse"):
            findings = _findings(image, grey, marked, eyes.networks)
    except AnswerError as error:
        return Looked(Reading(image, (), BROKEN_NETWORK, is_marked), grey, reason=str(error))
    reading = Reading(image, findings, is_marked=is_marked)
    if why_skipped(image, "enlarged") is not None:
        return Looked(reading, grey)
    try:
        return Looked(reading, grey, super_resolved(image, grey, eyes.enlarger, context))
    except CannotProcessError as error:
        return Looked(reading, grey, reason=f"not enlarged: {error}")


def _findings(
    image: Dataset, grey: Grey, marked: Sequence[Region] | None, networks: Networks
) -> list[Finding]:
    pixels = _dense(image, grey)
    if marked is not None:
        return [examine_region(pixels, region, None, networks) for region in marked]
    spacing = spacing_of(image)
    return examine(
        pixels,
        networks,
        is_oblique=is_oblique(image),
        spacing=max(spacing) if spacing else None,
    )


def _dense(image: Dataset, grey: Grey) -> Pixels:
    """Return the pixels so that denser tissue is higher, and the background is the lowest.

    An image for presentation shows it so. One for processing may hold the beam as it came, air
    brightest of all: what its header says of that contradicts its pixels too often to be believed.
    """
    low, high = grey.span
    dense = np.clip(grey.pixels, low, high)
    if text(image, "PresentationIntentType") != FOR_PRESENTATION and _is_air_brightest(dense):
        dense = low + high - dense
    dense[grey.background] = low
    return dense


def _is_air_brightest(pixels: Pixels) -> bool:
    """Return whether much of an image is as bright as it gets, and more than is dark."""
    low, high = int(pixels.min()), int(pixels.max())
    edge = (high - low) * NEARLY
    bright = np.count_nonzero(pixels >= high - edge)
    dark = np.count_nonzero(pixels <= low + edge)
    return bool(bright > dark and bright > MUCH * pixels.size)
