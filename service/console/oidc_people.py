"""Who somebody is here, by what their provider says of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from service.console.parameters import NAME
from service.console.person import DeniedError
from service.ledger.people import Role


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom a provider knows."""

    subject: str
    """The provider, and who that is there for good."""
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Naming:
    """Which claims say what people are called and may do."""

    name_claim: str
    role_claim: str
    roles: Mapping[str, Role]

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return who that is here.

        Raises:
            DeniedError: they have no name that could be one here, or no role.
        """
        name = _within(claims, self.name_claim)
        if not isinstance(name, str) or re.fullmatch(NAME, name) is None:
            raise _denied(f"the provider gives you no name here: {self.name_claim}")
        role = self._role(_within(claims, self.role_claim))
        return Identity(f"{claims['iss']}|{claims['sub']}", name, role)

    def _role(self, said: object) -> Role:
        words = said if isinstance(said, list) else [said]
        found = {self.roles[word] for word in words if isinstance(word, str) and word in self.roles}
        for role in reversed(Role):
            if role in found:
                return role
        raise _denied("the provider gives you no role on this node: ask who administers it")


def _within(claims: Mapping[str, Any], path: str) -> object:
    """Return the claim of that name, or what dots lead to; None where there is none."""
    if path in claims:
        return claims[path]
    found: object = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _denied(reason: str) -> DeniedError:
    return DeniedError(HTTPStatus.FORBIDDEN, reason)
