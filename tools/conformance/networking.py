"""The generated parts that are about associations."""

from collections.abc import Sequence
from itertools import groupby

from pydicom.uid import UID
from pynetdicom import AE, AllStoragePresentationContexts, build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from pipelines.results.provenance import IMPLEMENTATION_CLASS_UID, file_meta
from service.delivery import answers, backoff, peer, sender
from service.errors import RefusedError, UnavailableError
from service.intake import source, statuses, structure
from service.listener import admission, listener, streaming, syntaxes
from service.sections.doors import Dicom
from service.sections.storage import Disk
from service.version import VERSION
from tools.conformance.document import table
from tools.conformance.refusals import comments
from tools.conformance.samples import samples

NAMES = {
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.8": "Height Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.1": "Waveform Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.2": "Waveform Acquisition Presentation State Storage",
}
"""Of SOP classes that are younger than the dictionary of pydicom."""

MEANINGS = {
    statuses.SUCCESS: "Success",
    statuses.SOP_CLASS_NOT_SUPPORTED: "Refused: SOP class not supported",
    statuses.OUT_OF_RESOURCES: "Failure: out of resources",
    statuses.DOES_NOT_MATCH_SOP_CLASS: "Failure: data set does not match SOP class",
    statuses.CANNOT_UNDERSTAND: "Failure: cannot understand",
    statuses.UNFORESEEN: "Failure: cannot understand",
}
RESULTS = {admission.PERMANENT: "rejected-permanent", admission.TRANSIENT: "rejected-transient"}
SOURCES = {
    admission.SERVICE_USER: "service-user",
    admission.PRESENTATION_PROVIDER: "service-provider (presentation)",
}

ALL_STATUSES = range(0x10000)
TAKEN = SENT, UNAVAILABLE, REFUSED = "sent", "unavailable", "refused"
FAILURE = "failure"
WORDS = {
    **answers.MEANINGS,
    **dict.fromkeys(range(0xA700, 0xA800), "out of resources"),
    **dict.fromkeys(range(0xB000, 0xC000), "warning: coercion, elements discarded, and the like"),
    0x0000: "success",
    0x0001: "warning: requested optional attributes are not supported",
    0x0107: "warning: attribute list error",
    0x0110: "processing failure",
    0x0116: "warning: attribute value out of range",
    0x0213: "resource limitation",
}
"""PS3.4 Table B.2-1, PS3.7 Annex C."""


def name_of(uid: str) -> str:
    """Return the name of a SOP class or transfer syntax."""
    return NAMES.get(uid, UID(uid).name)


def storage_classes() -> str:
    """List what can be stored here."""
    classes = sorted(
        (str(context.abstract_syntax) for context in AllStoragePresentationContexts),
        key=lambda uid: [int(part) for part in uid.split(".")],
    )
    rows = [(name_of(uid), uid) for uid in classes]
    return f"{len(rows)} SOP classes:\n\n{table(('SOP class', 'UID'), rows)}"


def transfer_syntaxes() -> str:
    """List what is accepted, in the order of preference."""
    kinds = (
        (syntaxes.EVERYONES, "uncompressed"),
        (syntaxes.LOSSLESS, "lossless"),
        (syntaxes.LOSSY, "lossy"),
    )
    rows = [(name_of(uid), str(uid), kind) for held, kind in kinds for uid in held]
    numbered = [(str(place), *row) for place, row in enumerate(rows, 1)]
    everyones = ", ".join(name_of(uid) for uid in syntaxes.EVERYONES)
    said = table(("preference", "transfer syntax", "UID", "kind"), numbered)
    return f"{said}\n\nVerification ({Verification}): {everyones}."


def rejections() -> str:
    """List with what an association is rejected, in the order in which it is looked at."""
    rows = [
        (
            f"{one.result} {RESULTS[one.result]}",
            f"{one.source} {SOURCES[one.source]}",
            str(one.diagnostic),
            one.reason,
        )
        for one in vars(admission).values()
        if isinstance(one, admission.Rejection)
    ]
    return table(("result", "source", "reason", "when"), rows)


def answered_statuses() -> str:
    """List what a C-STORE is answered with, and the comment beside it."""
    said = {statuses.SUCCESS: ["none"], **comments(), statuses.UNFORESEEN: ["none"]}
    rows = [
        (f"{status:04X}", MEANINGS[status], comment) for status in said for comment in said[status]
    ]
    return table(("status", "meaning", "Error Comment (0000,0902)"), rows)


def understood_statuses() -> str:
    """List what is made of the answers of a peer."""
    rows = [
        (_range(held), words, taken)
        for (taken, words), held in (
            (key, list(found)) for key, found in groupby(ALL_STATUSES, _understood)
        )
        if words != FAILURE
    ]
    rows.sort(key=lambda row: TAKEN.index(row[2]))
    return table(("status", "meaning", "taken as"), [*rows, ("any other", FAILURE, REFUSED)])


def proposed_contexts() -> str:
    """List what is proposed for each kind of result."""
    offers = {
        (str(one.dataset.SOPClassUID), str(one.dataset.file_meta.TransferSyntaxUID))
        for one in samples()
    }
    echo = build_context(Verification)
    stored = sorted(peer.contexts_for(offers), key=lambda one: str(one.abstract_syntax))
    rows = [
        (
            name_of(str(context.abstract_syntax)),
            str(context.abstract_syntax),
            ", ".join(name_of(one) for one in context.transfer_syntax),
            ", ".join(map(str, context.transfer_syntax)),
        )
        for context in (*stored, echo)
    ]
    return table(("SOP class", "UID", "transfer syntaxes", "UIDs"), rows)


def identification() -> str:
    """State the implementation identifiers."""
    ae, result = AE(), next(iter(samples())).dataset
    meta = file_meta(result, result.file_meta.TransferSyntaxUID, VERSION)
    rows = [
        (
            "associations, and the files of what was received",
            ae.implementation_class_uid,
            str(ae.implementation_version_name),
        ),
        ("files of results", IMPLEMENTATION_CLASS_UID, str(meta.ImplementationVersionName)),
    ]
    return table(("in", "Implementation Class UID", "Implementation Version Name"), rows)


def parameters() -> str:
    """List the parameters of the network, and which of them can be chosen."""
    address, patience = listener.Address("", 0), peer.Patience()
    own, disk = Dicom(), Disk()
    most = own.max_associations
    rows = [
        ("AE title", own.ae_title, "`dicom.ae_title`"),
        ("address", own.host, "`dicom.host`"),
        ("port", str(own.port), "`dicom.port`"),
        ("associations accepted at a time", str(most), "`dicom.max_associations`"),
        ("connections accepted at a time", str(listener.NOT_OPENED * most), "twice the above"),
        ("longest PDU received as SCP", f"{own.max_pdu} bytes", "`dicom.max_pdu`"),
        (
            "longest PDU before there is an association",
            f"{streaming.LONGEST_NEGOTIATION} bytes",
            "",
        ),
        ("wait for an association to be requested", f"{address.acse_s:g} s", ""),
        ("silence on an association as SCP", f"{address.network_s:g} s", ""),
        ("wait for the rest of a message", f"{address.dimse_s:g} s", ""),
        ("room that must stay on the disk", f"{disk.low_water_mb} MB", "`disk.low_water_mb`"),
        ("a data set", f"{own.max_object_mb} MB", "`dicom.max_object_mb`"),
        ("nesting of sequences in a data set", f"{structure.DEEPEST} levels", ""),
        ("elements in a data set", str(structure.MOST_ELEMENTS), ""),
        ("a deflated data set, inflated", f"{source.MOST_INFLATED >> 20} MiB", ""),
        ("longest PDU received as SCU", f"{AE().maximum_pdu_size} bytes", ""),
        ("wait for a connection", f"{patience.connect_s:g} s", ""),
        ("wait for an association to be accepted or released", f"{patience.acse_s:g} s", ""),
        (
            "wait for the answer to a C-STORE",
            f"{patience.dimse_s:g} s, and 1 s for each {peer.SLOWEST} bytes of the file",
            "",
        ),
        ("objects on one association", f"at most {sender.BATCH}", ""),
        (
            "wait before the next try",
            f"{backoff.FIRST_S:g} s, doubled each time to {backoff.LONGEST_S:g} s; by chance less",
            "",
        ),
        (
            "when an object is parked",
            f"from try {sender.TRIES} on, if it and the one before were refused",
            "",
        ),
    ]
    return table(("parameter", "value, or default", "setting"), rows)


def _understood(status: int) -> tuple[str, str]:
    return _taken_as(status), WORDS.get(status, FAILURE)


def _taken_as(status: int) -> str:
    try:
        answers.check_answer(status)
    except UnavailableError:
        return UNAVAILABLE
    except RefusedError:
        return REFUSED
    return SENT


def _range(held: Sequence[int]) -> str:
    return f"{held[0]:04X}" if len(held) == 1 else f"{held[0]:04X} to {held[-1]:04X}"
