"""Where peers may come from: networks by address, never by name."""

import ipaddress
from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: object) -> IpNetwork:
    """Return the network that `text` names: ``10.0.0.0/8``, or one address.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if isinstance(text, IpNetwork):
        return text
    try:
        return ipaddress.ip_network(str(text))
    except ValueError as error:
        hint = ""
        if "host bits" in str(error):
            hint = f"; did you mean {ipaddress.ip_network(str(text), strict=False)}?"
        message = f"not a network such as 10.0.0.0/8 (names are not looked up): {error}{hint}"
        raise ValueError(message) from None


Network = Annotated[IpNetwork, BeforeValidator(network)]
"""A network in a settings file."""


def address_of(host: str) -> IpAddress:
    """Return the address of a peer: one of IPv4 that came by IPv6 (``::ffff:``) is one of IPv4."""
    found = ipaddress.ip_address(host)
    return getattr(found, "ipv4_mapped", None) or found


def is_within(host: str, networks: Iterable[IpNetwork]) -> bool:
    """Tell whether a peer at that address is in one of `networks`."""
    address = address_of(host)
    return any(address in one for one in networks)
