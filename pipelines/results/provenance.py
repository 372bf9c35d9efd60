"""Who made a result, of what, with what: the same for every result, and what our own look like."""

import hashlib
import hmac
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID

from engines.card import Card
from pipelines.mammogram.attributes import items, text
from pipelines.pipeline import Context, Product
from pipelines.results.codes import ACQUISITION_EQUIPMENT, PROCESSING_EQUIPMENT, Code, item_of
from pipelines.results.legal import carry, legal

MANUFACTURER = "Senoscope Project"
MODEL_NAME = "Senoscope"
DISCLAIMER = "RESEARCH USE ONLY - NOT FOR CLINICAL DIAGNOSIS"
IMPLEMENTATION_CLASS_UID = UID("2.25.185497612310458423846102934587160239481")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a result is made of, by what and when."""

    source: Dataset
    product: Product
    cards: Sequence[Card]
    site_key: bytes
    made_at: datetime
    parameters: Sequence[str] = ()
    """What else tells this recipe from another of the same models."""

    @property
    def card(self) -> Card:
        """The first of its models, often the only one."""
        return self.cards[0]

    @property
    def software_versions(self) -> list[str]:
        """Our release, then each model with the start of its weights' digest."""
        models = [f"{one.name} {one.version} sha256:{one.sha256[:12]}" for one in self.cards]
        return [said[:64] for said in (self.product.version, *models)]

    @property
    def moment(self) -> datetime:
        """When the job was created, on the clock of the source where it states its time zone."""
        offset = legal(self.source, "TimezoneOffsetFromUTC")
        if not offset or self.made_at.tzinfo is None:
            return self.made_at
        return self.made_at.astimezone(datetime.strptime(offset, "%z").tzinfo)

    def uid(self, kind: str, *parts: str) -> UID:
        """Return the UID of the `kind` of result that this origin and `parts` give."""
        models = (said for one in self.cards for said in (one.name, one.version, one.sha256))
        recipe = (self.product.version, *models, *self.parameters)
        return derived_uid(self.site_key, kind, *recipe, *parts)

    @classmethod
    def of(
        cls,
        source: Dataset,
        cards: Sequence[Card],
        context: Context,
        parameters: Sequence[str] = (),
    ) -> Self:
        """Return the origin of what is made of `source` by the models of `cards`."""
        version = context.versions.get(text(source, "SOPInstanceUID"))
        told = (*parameters, version) if version else tuple(parameters)
        return cls(source, context.product, cards, context.site_key, context.made_at, told)


def derived_uid(site_key: bytes, *parts: str) -> UID:
    """Return the same UID for the same parts, that nobody without the key can tell from random.

    It is a version 8 UUID (RFC 9562) under the root 2.25 (PS3.5 B.2).
    """
    digest = bytearray(hmac.digest(site_key, "\x1f".join(parts).encode(), "sha256")[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return UID(f"2.25.{uuid.UUID(bytes=bytes(digest)).int}")


def digest(outcome: bytes | memoryview) -> str:
    """Return what tells one outcome from another: archives drop the second of one UID silently."""
    return hashlib.sha256(outcome).hexdigest()


def is_ours(header: Dataset) -> bool:
    """Return whether we made this object, or it was made from what we made."""
    return any(_signed(equipment) for equipment in (header, *_contributions(header)))


def file_meta(result: Dataset, transfer_syntax: UID, version: str) -> FileMetaDataset:
    """Return the file meta information of `result`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = result.SOPClassUID
    meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = f"SENOSCOPE_{version}"[:16]
    return meta


def sign(result: Dataset, origin: Origin) -> None:
    """State the equipment that made `result`, when, and that it is for research."""
    _name_us(result, origin)
    result.InstanceCreationDate = result.ContentDate = date_of(origin.moment)
    result.InstanceCreationTime = result.ContentTime = time_of(origin.moment)
    result.ContentQualification = "RESEARCH"
    result.ContributingEquipmentSequence = [
        *_earlier(origin.source),
        _acquisition(origin.source),
        _processing(origin),
    ]


def date_of(moment: datetime) -> str:
    """Return a DA value (PS3.5 6.2)."""
    return f"{moment:%Y%m%d}"


def time_of(moment: datetime) -> str:
    """Return a TM value to the second (PS3.5 6.2)."""
    return f"{moment:%H%M%S}"


def _signed(equipment: Dataset) -> bool:
    return (text(equipment, "Manufacturer"), text(equipment, "ManufacturerModelName")) == (
        MANUFACTURER,
        MODEL_NAME,
    )


def _contributions(header: Dataset) -> list[Dataset]:
    return items(header, "ContributingEquipmentSequence")


def _earlier(source: Dataset) -> Iterable[Dataset]:
    """Yield what others contributed before, as far as it is legal."""
    for contribution in _contributions(source):
        purposes = items(contribution, "PurposeOfReferenceCodeSequence")
        purpose = Code.of(purposes[0]) if purposes else None
        if purpose is not None and legal(contribution, "Manufacturer"):
            yield _equipment(contribution, purpose)


def _acquisition(source: Dataset) -> Dataset:
    equipment = _equipment(source, ACQUISITION_EQUIPMENT)
    date, time = legal(source, "AcquisitionDate"), legal(source, "AcquisitionTime")
    if date:
        equipment.ContributionDateTime = date + time
    return equipment


def _processing(origin: Origin) -> Dataset:
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [item_of(PROCESSING_EQUIPMENT)]
    _name_us(equipment, origin)
    equipment.ContributionDateTime = date_of(origin.moment) + time_of(origin.moment)
    equipment.ContributionDescription = DISCLAIMER
    return equipment


def _name_us(equipment: Dataset, origin: Origin) -> None:
    equipment.Manufacturer, equipment.ManufacturerModelName = MANUFACTURER, MODEL_NAME
    equipment.DeviceSerialNumber = origin.product.device_serial_number[:64]
    equipment.StationName = origin.product.station_name[:16]
    equipment.SoftwareVersions = origin.software_versions


def _equipment(source: Dataset, purpose: Code) -> Dataset:
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [item_of(purpose)]
    equipment.Manufacturer = legal(source, "Manufacturer") or "UNKNOWN"
    carry(
        source,
        equipment,
        "ManufacturerModelName",
        "DeviceSerialNumber",
        "SoftwareVersions",
        "StationName",
        "InstitutionName",
    )
    return equipment
