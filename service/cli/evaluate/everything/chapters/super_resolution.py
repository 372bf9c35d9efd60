"""What the report says of super-resolution."""

from engines.evaluation.papers import ENLARGING
from service.cli.evaluate.everything.chapter import Results
from service.cli.evaluate.everything.figures.scatter import scatter
from service.cli.evaluate.everything.measures.crops import FILE, SIDE, Shown
from service.cli.evaluate.everything.measures.super_resolution import (
    Enlarged,
    every_image,
    points,
    table,
)
from service.cli.evaluate.everything.tables import Block, Column, Picture, Section, Table

TITLE = "Super-resolution"

METHOD = """\
Low resolution is the s x s binning of the 8-bit picture (mean of each block, halves rounded up), s
the scale. Grey pictures are what they are, colour ones BT.601 luma in 16..235. PSNR is on 0..255,
SSIM Wang's (Gaussian window, sigma 1.5); the outermost 2 pixels do not count, and of films only the
breast does (largest region of 18 and more after an opening by 9 x 9, holes filled). Bicubic is
Pillow's (Keys, a = -1/2, pixel centres in place) on the same binned picture. Films are those of
patients who were in no training and no validation (Set5 and Set14 chose the epoch). `openvino-fp32`
is the network as trained; other methods are what a node would run on this machine. Networks of more
than 200 kB are run only so, and on at most 48 films, evenly chosen."""


def tell(results: Results) -> Section:
    """Return the chapter."""
    done = results.of(Enlarged)
    blocks: list[Block] = [METHOD]
    if done:
        blocks += [table(done), _papers()]
        for name in dict.fromkeys(one.outcome.set for one in done):
            file = f"figures/super-resolution-{name.lower().replace(' ', '-')}.png"
            scatter(results.folder / file, name, points(done, name))
            says = (
                f"PSNR and SSIM of every image of {name}, by model; in the order of bicubic's PSNR"
            )
            blocks.append(Picture(file, says))
    for shown in results.of(Shown):
        blocks.append(Picture(FILE, _said(shown.outcome)))
    return Section(TITLE, tuple(blocks), (every_image(done),) if done else ())


def _said(shown: Shown) -> str:
    return (
        f"{SIDE} x {SIDE} pixels of {shown.film} from ({shown.left}, {shown.top}) on, around its "
        "lesion: binned, enlarged by each method, and the original"
    )


def _papers() -> Table:
    columns = (Column("network"), Column("PSNR, dB"), Column("SSIM"), Column("per image"))
    rows = tuple((one.network, one.psnr, one.ssim, one.per_image) for one in ENLARGING)
    return Table(
        "papers-super-resolution",
        "Jimenez-Gaona 2024, Table 4",
        columns,
        rows,
        "Not comparable line by line: the paper enlarges mass regions of 128 x 128 of three "
        "collections, and does not say how low resolution was made, nor on which values PSNR is.",
    )
