"""What is known about a set of weights."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

Precision = Literal["fp32", "bf16", "fp16"]
Task = Literal["super-resolution", "segmentation", "classification"]

CARD_FILE = "card.toml"


class CardError(Exception):
    """A model on the shelf is missing, broken or altered; the message says which and how."""


def plain_file_name(name: str) -> str:
    """Return `name` if it names a file beside the card and nothing else."""
    if name != Path(name).name or name in {"", ".", ".."}:
        raise ValueError("must be the name of a file beside the card, without folders")
    return name


class Record(BaseModel):
    """A part of a card: read once, never changed, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(Record):
    """What the network takes: values `(v - low) / (high - low)` of the image's own range.

    `room` is, of a network that is shown lesions, how wide the regions are that it learned from, in
    longer sides of the lesion's box.
    """

    channels: int = Field(ge=1)
    range: tuple[float, float]
    normalisation: str
    room: float | None = Field(default=None, ge=1, le=8)


class Tolerance(Record):
    """How far a back end may stray from the fp32 reference, in units of the answer.

    `psnr` is the least that is wanted, in dB of a range of 1; `agreement` the least share of
    images, or of pixels, that must be given the same class.
    """

    maximum: float = Field(gt=0, allow_inf_nan=False)
    root_mean_square: float = Field(gt=0, allow_inf_nan=False)
    psnr: float | None = Field(default=None, gt=0)
    agreement: float | None = Field(default=None, gt=0, le=1)


class Code(Record):
    """A concept of a terminology, as DICOM writes it (PS3.3 Section 8)."""

    value: str = Field(min_length=1, max_length=16)
    scheme: str = Field(min_length=1, max_length=16)
    meaning: str = Field(min_length=1, max_length=64)


class Label(Record):
    """What one channel of the answer stands for."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9 _-]*$")
    code: Code | None = None


class Training(Record):
    """Where the weights come from, and what they are not fit for."""

    data: str
    licence: str
    recipe: str
    command: str
    seed: int | None = None
    limits: str = ""


class Measurement(Record):
    """One measured result, and the command that measures it again.

    `interval` is where it lies in 95 % of draws of patients anew.
    """

    what: str
    value: float
    unit: str
    command: str
    interval: tuple[float, float] | None = None


class Chain(Record):
    """What a detector of lesions is followed by, and its operating point.

    The others are named as on the shelf. A candidate below `least_certainty` (0..1) is dropped, and
    of an image at most `most_findings` are kept; a finding is suspicious from a probability of
    `suspicious` on that it is of the class `class_label` of the classifier.
    """

    super_resolution: str
    segmentation: str
    classification: str
    class_label: str = "malignant"
    least_certainty: float = Field(ge=0, le=1)
    most_findings: int = Field(ge=1, le=32)
    suspicious: float = Field(ge=0, le=1)


class Card(Record):
    """Travels with the weights: without it they mean nothing.

    `tile` is the side of the window that the network is run on, `halo` what falls away from each
    side of its answer, both in pixels of the input. A network for whole images has the reach of its
    receptive field as halo; one for regions, or for images shrunk to one window, has 0 and is
    padded as it was trained. `grid` is what sides and places of windows must be multiples of, and
    `batch` how many windows are run at once. One with a `chain` finds lesions: it segments whole
    images, shrunk to its window, and is the first network of the pipeline `cad`.
    """

    folder: Path = Field(exclude=True)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]*$")
    summary: str
    task: Task
    scale: int = Field(default=1, ge=1)
    file: Annotated[str, AfterValidator(plain_file_name)] = "weights.onnx"
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    halo: int = Field(ge=0)
    tile: int = Field(ge=1, le=8192)
    grid: int = Field(default=1, ge=1)
    batch: int = Field(default=1, ge=1, le=64)
    labels: tuple[Label, ...] = ()
    precisions: tuple[Precision, ...] = Field(min_length=1)
    input: Input
    tolerance: Tolerance
    chain: Chain | None = None
    training: Training
    measured: tuple[Measurement, ...] = ()

    @model_validator(mode="after")
    def _leaves_something_of_the_tile(self) -> Self:
        if self.tile <= 2 * self.halo:
            raise ValueError(f"halo: leaves nothing of a tile of {self.tile}")
        return self

    @model_validator(mode="after")
    def _keeps_to_its_grid(self) -> Self:
        for name in ("tile", "halo"):
            if getattr(self, name) % self.grid:
                raise ValueError(f"{name}: {getattr(self, name)} is no multiple of {self.grid}")
        return self

    @model_validator(mode="after")
    def _names_its_classes(self) -> Self:
        if self.task != "super-resolution" and not self.labels:
            raise ValueError(f"labels: a {self.task} network must say what its answer stands for")
        names = [label.name for label in self.labels]
        if len(set(names)) != len(names):
            raise ValueError(f"labels: one stands twice among {', '.join(names)}")
        return self

    @property
    def window(self) -> tuple[int, int, int, int]:
        """The shape of the batch that it is run on: (images, channels, rows, columns)."""
        return self.batch, self.input.channels, self.tile, self.tile

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self.folder / self.file


def read_card(folder: Path) -> Card:
    """Return the card of the model in `folder`.

    Raises:
        CardError: it is missing, is not TOML, or says something a card cannot say.
    """
    path = folder / CARD_FILE
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CardError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path} is not TOML: {error}") from error
    if "folder" in stated:
        raise CardError(f"{path}: folder: a card does not say where it lies")
    try:
        return Card(folder=folder, **stated)
    except ValidationError as error:
        raise CardError(f"{path}: {first_fault(error)}") from error


def write_card(card: Card) -> Path:
    """Write `card` into its folder and return the file; `read_card` gives it back."""
    path = card.folder / CARD_FILE
    stated = card.model_dump(mode="json", exclude_none=True)
    path.write_text(tomli_w.dumps(stated), encoding="utf-8")
    return path


def first_fault(error: ValidationError) -> str:
    """Return where the first fault is, and what it is."""
    fault = error.errors()[0]
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg']}" if place else fault["msg"]
