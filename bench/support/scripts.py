"""What somebody would write who has no node: for each file of a study, read, enlarge and write."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from support.full_field import peers

from engines.load import open_engine
from engines.shelf import find_card
from engines.tiling import enlarge
from pipelines.pipeline import Context, Product
from pipelines.super_resolution import SuperResolution
from service.settings import packaged_models

Make = Callable[[Dataset], list[Dataset]]
"""From an image to its results, which have their file meta information."""
TILE = 256
"""In which ONNX Runtime is fastest: bench/results/fsrcnn_full_field.md."""


def own_recipe() -> Make:
    """Return the pipeline of the node, on the engine that the node takes: the same results."""
    pipeline = SuperResolution()
    engine = open_engine(find_card(packaged_models(), pipeline.network))
    context = Context(
        engine_of=lambda _: engine,
        product=Product("bench", "bench", "BENCH"),
        site_key=b"bench",
        made_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    return lambda image: [made.dataset for made in pipeline.run([image], context).made]


def plain_script(folder: Path) -> Make:
    """Return the network as published on ONNX Runtime; its weights go to `folder`."""
    (engine,) = peers(find_card(packaged_models(), "fsrcnn-x2"), folder, (TILE,)).values()

    def made(image: Dataset) -> list[Dataset]:
        top = (1 << image.BitsStored) - 1
        large = enlarge(engine, image.pixel_array, 0, top, top)
        image.Rows, image.Columns = large.shape
        image.PixelData = large.tobytes()
        for spacing in ("ImagerPixelSpacing", "PixelSpacing"):
            if spacing in image:
                setattr(image, spacing, [side / 2 for side in image[spacing].value])
        image.SeriesInstanceUID += ".2"
        image.SOPInstanceUID += ".2"
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        return [image]

    return made
