"""CBIS-DDSM (Lee 2017) as TCIA ships it: regions of films around each mass or calcification."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from service.datasets.cbis_crops import Crop, cut, shrunk
from service.datasets.cbis_files import first_there, index, read_outline
from service.datasets.cbis_tables import KINDS, LABELS, Abnormality, Kind, abnormalities
from service.datasets.finding import archives_under, only
from service.datasets.images import Tones, as_png, read_pixels
from service.datasets.origins import CBIS_DDSM
from service.datasets.preparing import Item, Made, Plan, readme

RECIPE = "cbis-ddsm 1"
COLUMNS = (
    "roi",
    "patient",
    "side",
    "view",
    "label",
    "pathology",
    "shape",
    "margins",
    "assessment",
    "subtlety",
    "breast_density",
    "n_masses_in_image",
    "bbox_x",
    "bbox_y",
    "bbox_w",
    "bbox_h",
    "larger_than_crop",
    "aspect_estimated",
    "split",
    "mask",
    "mask_area_px",
    "quality",
)


def plans(source: Path) -> list[Plan]:
    """Return how the masses and the calcifications below `source` are prepared.

    Raises:
        OSError: a file cannot be read.
        ValueError: all tables or all films are missing, or a table is broken.
    """
    tables = [(kind, *abnormalities(source, kind)) for kind in KINDS]
    there = [(kind, found, lacking) for kind, found, lacking in tables if found]
    if not there:
        raise ValueError(CBIS_DDSM.lacks(f"no {KINDS[0].table('train')}", source))
    files = index(source)
    if not files:
        hint = archives_under(source)
        raise ValueError(CBIS_DDSM.lacks(f"no DICOM file of a film{hint}", source))
    return [_plan(kind, found, lacking, files) for kind, found, lacking in there]


def _plan(
    kind: Kind,
    found: Sequence[Abnormality],
    lacking: Sequence[str],
    files: Mapping[str, list[Path]],
) -> Plan:
    films = Counter(one.film for one in found)
    names = _names(found)
    missing = {name: f"{name}: the table is not there" for name in lacking}
    items, last = [], lru_cache(maxsize=1)(_film)
    for one in sorted(found, key=lambda one: one.masks[0]):
        if not first_there(one.films, files):
            missing[one.masks[0]] = f"{one.masks[0]}: no film"
        elif not first_there(one.masks, files):
            missing[one.masks[0]] = f"{one.masks[0]}: no mask"
        else:
            sources = _Sources(
                tuple(first_there(one.films, files)), tuple(first_there(one.masks, files)), last
            )
            items.append(_item(one, names[one], films[one.film], sources))
    text = readme(CBIS_DDSM, kind.folder)
    return Plan(CBIS_DDSM, kind.folder, RECIPE, {"labels": COLUMNS}, items, text, missing)


def _names(found: Sequence[Abnormality]) -> Mapping[Abnormality, str]:
    """Return a name for each abnormality, with the split only where it would be given twice."""
    names: dict[str, Abnormality] = {}
    for one in found:
        name = f"{one.patient.removeprefix('P_')}_{one.side}_{one.view}_{one.number}"
        names[f"{name}_{one.split}" if name in names else name] = one
    return {one: name for name, one in names.items()}


@dataclass(frozen=True, slots=True)
class _Film:
    """A shrunk film, and the rows and columns that it had."""

    tones: Tones
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Sources:
    """The files of an abnormality, and how its film is read."""

    film: tuple[Path, ...]
    mask: tuple[Path, ...]
    read: Callable[[tuple[Path, ...]], _Film]


def _film(copies: tuple[Path, ...]) -> _Film:
    pixels = read_pixels(only(copies))
    return _Film(shrunk(pixels), (pixels.shape[0], pixels.shape[1]))


def _item(one: Abnormality, name: str, count: int, sources: _Sources) -> Item:
    def make() -> Made:
        film = sources.read(sources.film)
        outline = read_outline(sources.mask, film.shape)
        crop = cut(film.tones, outline.mask)
        row = {
            **_said(one, count),
            **_seen(name, crop, film.shape),
            "quality": "doubtful" if outline.doubts else "ok",
        }
        pictures = {row["roi"]: as_png(crop.pixels), row["mask"]: as_png(crop.mask)}
        return Made(pictures, {"labels": [row]}, outline.doubts)

    return Item(one.masks[0], sources.film + sources.mask, repr((one, name, count)), make)


def _said(one: Abnormality, count: int) -> dict[str, str]:
    """Return what the tables say."""
    return {
        "patient": one.patient,
        "side": one.side,
        "view": one.view,
        "label": LABELS[one.pathology],
        "pathology": one.pathology,
        "shape": one.shape,
        "margins": one.margins,
        "assessment": one.assessment,
        "subtlety": one.subtlety,
        "breast_density": one.density,
        "n_masses_in_image": str(count),
        "split": one.split,
    }


def _seen(name: str, crop: Crop, shape: tuple[int, int]) -> dict[str, str]:
    """Return what the images say."""
    box = zip(("bbox_x", "bbox_y", "bbox_w", "bbox_h"), crop.box, strict=True)
    return {
        "roi": f"rois/{name}.png",
        "mask": f"masks/{name}.png",
        **{column: f"{number:.1f}" for column, number in box},
        "larger_than_crop": str(int(crop.is_larger)),
        "aspect_estimated": f"{shape[0] / shape[1]:.3f}",
        "mask_area_px": str(int(crop.mask.sum())),
    }
