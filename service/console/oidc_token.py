"""ID tokens: who signed them, for whom and for how long they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidClaimError, JoseError
from joserfc.jwk import KeySet

from service.console.person import DeniedError
from service.errors import UnavailableError

ALGORITHMS = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)]
"""By keys that only the provider has: none of those whose secret this node has too."""
LONGEST_SUBJECT = 255
LEEWAY_S = 60
"""Clocks differ."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str


def claims_of(
    token: str, keys: Mapping[str, Any], wanted: Wanted, now: datetime
) -> Mapping[str, Any]:
    """Return what `token` says, if it holds (OpenID Connect Core 1.0, 3.1.3.7).

    Raises:
        DeniedError: it does not.
        UnavailableError: the keys are none.
    """
    try:
        known = KeySet.import_key_set({"keys": keys["keys"]})
    except (JoseError, KeyError, ValueError, TypeError) as error:
        raise UnavailableError("the provider's keys cannot be read") from error
    rules = jwt.JWTClaimsRegistry(
        int(now.timestamp()),
        LEEWAY_S,
        iss={"essential": True, "value": wanted.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": wanted.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": wanted.nonce},
    )
    try:
        found = jwt.decode(token, known, algorithms=ALGORITHMS)
        rules.validate(found.claims)
        _check_subject(found.claims["sub"])
        _check_party(found.claims, wanted.client_id)
    except (JoseError, ValueError, TypeError) as error:
        what = getattr(error, "claim", "") or type(error).__name__
        raise DeniedError(
            HTTPStatus.FORBIDDEN, f"what the provider says of you does not hold ({what})"
        ) from error
    return found.claims


def _check_subject(subject: object) -> None:
    """Raise InvalidClaimError if that cannot be somebody (OpenID Connect Core 1.0, 2)."""
    is_text = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT
    if not is_text or not str(subject).isprintable():
        raise InvalidClaimError("sub")


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """Raise InvalidClaimError if the token was given to somebody else."""
    party = claims.get("azp")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (party is None and several) or (party is not None and party != client_id):
        raise InvalidClaimError("azp")
