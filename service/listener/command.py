"""The commands of C-STORE as bytes: PS3.7 9.3.1. pynetdicom's way costs half of a small image."""

from dataclasses import dataclass
from struct import Struct, pack

from service.ledger.uids import is_uid

_ELEMENT = Struct("<HHL")
_SOP_CLASS_UID, _COMMAND_FIELD, _MESSAGE_ID = 0x0002, 0x0100, 0x0110
_RESPONDED_TO, _DATA_SET_TYPE, _STATUS, _SOP_INSTANCE_UID = 0x0120, 0x0800, 0x0900, 0x1000
_PRIORITY, _MOVE_ORIGINATOR, _MOVE_MESSAGE_ID = 0x0700, 0x1030, 0x1031
_OF_A_REQUEST = {
    0x0000,
    _SOP_CLASS_UID,
    _COMMAND_FIELD,
    _MESSAGE_ID,
    _PRIORITY,
    _DATA_SET_TYPE,
    _SOP_INSTANCE_UID,
    _MOVE_ORIGINATOR,
    _MOVE_MESSAGE_ID,
}
_C_STORE_RQ, _C_STORE_RSP, _NO_DATA_SET = 0x0001, 0x8001, 0x0101
_SHORT = 2
"""Bytes of a value of VR US."""


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """What a C-STORE request says of the data set that follows."""

    sop_class_uid: str
    sop_instance_uid: str
    message_id: int


def store_request(command: bytes) -> StoreRequest | None:
    """Return what `command` says if it is a plain C-STORE request with a data set; else None.

    Whatever is odd about a command is for pynetdicom to judge.
    """
    found = _elements(command)
    if found is None or not found.keys() <= _OF_A_REQUEST:
        return None
    kind, message, data_set = (
        _number(found.get(number, b"")) for number in (_COMMAND_FIELD, _MESSAGE_ID, _DATA_SET_TYPE)
    )
    sop_class, instance = (
        found.get(number, b"").rstrip(b"\0").decode("ascii", "replace")
        for number in (_SOP_CLASS_UID, _SOP_INSTANCE_UID)
    )
    if kind != _C_STORE_RQ or message is None or data_set in {None, _NO_DATA_SET}:
        return None
    return (
        StoreRequest(sop_class, instance, message)
        if is_uid(sop_class) and is_uid(instance)
        else None
    )


def stored(sop_class_uid: str, sop_instance_uid: str, message_id: int) -> bytes:
    """Return the command set of a C-STORE-RSP that says Success: PS3.7 9.3.1.2."""
    elements = b"".join(
        (
            _element(_SOP_CLASS_UID, _uid(sop_class_uid)),
            _element(_COMMAND_FIELD, pack("<H", _C_STORE_RSP)),
            _element(_RESPONDED_TO, pack("<H", message_id)),
            _element(_DATA_SET_TYPE, pack("<H", _NO_DATA_SET)),
            _element(_STATUS, pack("<H", 0)),
            _element(_SOP_INSTANCE_UID, _uid(sop_instance_uid)),
        )
    )
    return _element(0, pack("<L", len(elements))) + elements


def _elements(command: bytes) -> dict[int, bytes] | None:
    """Return the elements of a command set by number; None if it does not hold together."""
    found: dict[int, bytes] = {}
    start = 0
    while start < len(command):
        if start + _ELEMENT.size > len(command):
            return None
        group, number, length = _ELEMENT.unpack_from(command, start)
        start += _ELEMENT.size
        if group or number in found or start + length > len(command):
            return None
        found[number] = command[start : start + length]
        start += length
    return found


def _number(value: bytes) -> int | None:
    return int.from_bytes(value, "little") if len(value) == _SHORT else None


def _element(number: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, number, len(value)) + value


def _uid(text: str) -> bytes:
    value = text.encode("ascii")
    return value + b"\0" * (len(value) % 2)
