"""What a C-STORE is answered with: PS3.4 Table B.2-1."""

from pydicom import Dataset

from service.errors import BadObjectError, NodeError, RefusedError, SpoolFullError

SUCCESS = 0x0000
SOP_CLASS_NOT_SUPPORTED = 0x0122
"""PS3.7 C.5.6."""
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH_SOP_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
UNFORESEEN = 0xC211
"""What pynetdicom answers by itself when a handler fails."""

LONGEST_COMMENT = 64
"""Characters of Error Comment (0000,0902), VR LO."""


class MismatchError(BadObjectError):
    """The data set is not what its C-STORE command or its SOP class says."""


class UnknownClassError(BadObjectError):
    """The object is of no storage SOP class that this node knows."""


def status_of(error: NodeError) -> int:
    """Return the status that tells a sender of `error`: A7xx invites it to try again later."""
    if isinstance(error, UnknownClassError):
        return SOP_CLASS_NOT_SUPPORTED
    if isinstance(error, MismatchError):
        return DOES_NOT_MATCH_SOP_CLASS
    return CANNOT_UNDERSTAND if isinstance(error, RefusedError) else OUT_OF_RESOURCES


def comment_of(error: NodeError) -> str:
    """Return what a sender is told of `error`: nothing of this node's folders or hosts."""
    if isinstance(error, SpoolFullError):
        return "the disk of the spool is full; try again later"
    if isinstance(error, RefusedError):
        return str(error)
    return "the node's storage fails; try again later"


def answer(status: int, comment: str = "") -> Dataset:
    """Return the answer with `comment`, cut to what Error Comment holds."""
    response = Dataset()
    response.Status = status
    if comment:
        plain = comment.encode("ascii", "replace").decode().replace("\\", "/")
        response.ErrorComment = plain[:LONGEST_COMMENT]
    return response
