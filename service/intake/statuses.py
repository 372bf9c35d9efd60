"""What a C-STORE is answered with: PS3.4 Table B.2-1."""

from pydicom import Dataset

from service.errors import BadObjectError, NodeError, RefusedError

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH_SOP_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
UNFORESEEN = 0xC211
"""What pynetdicom answers by itself when a handler fails."""

LONGEST_COMMENT = 64
"""Characters of Error Comment (0000,0902), VR LO."""


class MismatchError(BadObjectError):
    """The data set is not what its C-STORE command or its SOP class says."""


def status_of(error: NodeError) -> int:
    """Return the status that tells a sender of `error`: A7xx invites it to try again later."""
    if isinstance(error, MismatchError):
        return DOES_NOT_MATCH_SOP_CLASS
    return CANNOT_UNDERSTAND if isinstance(error, RefusedError) else OUT_OF_RESOURCES


def answer(status: int, comment: str = "") -> Dataset:
    """Return the answer with `comment`, cut to what Error Comment holds."""
    response = Dataset()
    response.Status = status
    if comment:
        plain = comment.encode("ascii", "replace").decode().replace("\\", "/")
        response.ErrorComment = plain[:LONGEST_COMMENT]
    return response
