"""What makes each generated part."""

from tools.conformance import codes, networking, reading, results
from tools.conformance.document import Sections

SECTIONS: Sections = {
    "storage-classes": networking.storage_classes,
    "transfer-syntaxes": networking.transfer_syntaxes,
    "rejections": networking.rejections,
    "answered-statuses": networking.answered_statuses,
    "understood-statuses": networking.understood_statuses,
    "proposed-contexts": networking.proposed_contexts,
    "identification": networking.identification,
    "parameters": networking.parameters,
    "character-sets": reading.character_sets,
    "used-attributes": reading.used_attributes,
    **results.SECTIONS,
    "private-codes": codes.private_codes,
    "standard-codes": codes.standard_codes,
}
