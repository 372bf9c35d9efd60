"""What a command set says is read by hand only where it is as plain as it can be."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode

from service.listener.command import StoreRequest, store_request

CLASS = "1.2.840.10008.5.1.4.1.1.2"


def command(**changes):
    """Return a C-STORE-RQ as pynetdicom encodes it, with other values of its command set."""
    asked = C_STORE()
    asked.MessageID, asked.Priority = 7, 0
    asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = CLASS, "1.2.3"
    asked.DataSet = BytesIO(b"something")
    message = C_STORE_RQ()
    message.primitive_to_message(asked)
    for keyword, value in changes.items():
        setattr(message.command_set, keyword, value)
    return encode(message.command_set, True, True)  # noqa: FBT003


def test_a_request_of_pynetdicom_is_read():
    assert store_request(command()) == StoreRequest(CLASS, "1.2.3", 7)


ODD = {
    "no data set": command(CommandDataSetType=0x0101),
    "another command": command(CommandField=0x0030),
    "an element too many": command(ErrorComment="what"),
    "cut short": command()[:-3],
    "trailing bytes": command() + b"\0",
    "twice the same": command() + command(),
    "nothing": b"",
    "no UID": command().replace(b"1.2.3\0", b"1..3\0\0"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_is_odd_is_left_to_pynetdicom(odd):
    assert store_request(odd) is None


@given(st.binary(max_size=300), st.integers(0, 160))
def test_no_bytes_do_harm(noise, where):
    whole = command()

    for content in (noise, whole[:where] + noise + whole[where:]):
        found = store_request(content)
        assert found is None or found.message_id < 1 << 16
