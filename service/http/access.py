"""What an address says of itself that is not for people who are signed in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Declared:
    """A dependency that asks nothing: it says who may come, for who walks through all addresses."""

    who: str

    async def __call__(self) -> None:
        """Ask nothing."""


OPEN = Declared("open")
"""Everybody may."""
OWN_TOKENS = Declared("own tokens")
"""The address asks for a token itself."""
