"""What a peer's answer to a C-STORE means: PS3.4 Table B.2-1, PS3.7 Annex C."""

import logging

from service.errors import RefusedError, UnavailableError

logger = logging.getLogger(__name__)

SUCCESS = 0x0000
WARNINGS = {*range(0xB000, 0xC000), 0x0001, 0x0107, 0x0116}
"""It has the object, though not quite as it was sent."""
NOT_NOW = {*range(0xA700, 0xA800), 0x0110, 0x0213}
"""Out of resources; processing failure; resource limitation."""
MEANINGS = {
    **dict.fromkeys(range(0xA900, 0xAA00), "data set does not match SOP class"),
    **dict.fromkeys(range(0xC000, 0xD000), "cannot understand"),
    0x0111: "duplicate SOP instance",
    0x0117: "invalid SOP instance",
    0x0122: "SOP class not supported",
    0x0124: "not authorized",
}


def check_answer(status: int, sop_instance_uid: str) -> None:
    """Return if the peer has the object by now.

    Raises:
        RefusedError: if it will not have it.
        UnavailableError: if it cannot take it now.
    """
    if status in WARNINGS:
        logger.info("the peer took %s with the warning %04XH", sop_instance_uid, status)
    elif status in NOT_NOW:
        raise UnavailableError(f"the peer cannot take it now (status {status:04X}H)")
    elif status != SUCCESS:
        meaning = MEANINGS.get(status, "failure")
        raise RefusedError(f"the peer will not have it (status {status:04X}H: {meaning})")
