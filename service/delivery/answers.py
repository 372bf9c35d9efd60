"""What a peer's answer to a C-STORE means: PS3.4 Table B.2-1, PS3.7 Annex C."""

from service.errors import RefusedError, UnavailableError

SUCCESS = 0x0000
WARNINGS = {*range(0xB000, 0xC000), 0x0001, 0x0107, 0x0116}
"""It has the object, though not quite as it was sent."""
NO_ROOM = {*range(0xA700, 0xA800), 0x0213}
"""Out of resources; resource limitation: the next object will fare no better."""
NOT_NOW = {*NO_ROOM, 0x0110}
"""And processing failure, which may be of this object alone."""
WARNING_MEANINGS = {
    0xB000: "data elements were coerced",
    0xB006: "data elements were discarded",
    0xB007: "data set does not match SOP class",
    0x0107: "attribute list error",
    0x0116: "attribute value out of range",
}
MEANINGS = {
    **dict.fromkeys(range(0xA900, 0xAA00), "data set does not match SOP class"),
    **dict.fromkeys(range(0xC000, 0xD000), "cannot understand"),
    0x0111: "duplicate SOP instance",
    0x0117: "invalid SOP instance",
    0x0122: "SOP class not supported",
    0x0124: "not authorized",
}


class DestinationError(UnavailableError):
    """It is the destination that cannot, whatever it is sent."""


def check_answer(status: int) -> str:
    """Return what the peer remarks on an object that it has by now; empty if nothing.

    Raises:
        RefusedError: if it will not have it.
        UnavailableError: if it cannot take it now; DestinationError if that is so of any object.
    """
    if status == SUCCESS:
        return ""
    if status in WARNINGS:
        meaning = WARNING_MEANINGS.get(status, "see the log of the peer")
        return f"taken with a warning (status {status:04X}H: {meaning})"
    if status in NO_ROOM:
        raise DestinationError(f"the peer has no room now (status {status:04X}H)")
    if status in NOT_NOW:
        raise UnavailableError(f"the peer cannot take it now (status {status:04X}H)")
    meaning = MEANINGS.get(status, "failure")
    raise RefusedError(f"the peer will not have it (status {status:04X}H: {meaning})")
