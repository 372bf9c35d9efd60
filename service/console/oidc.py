"""Signing in by OpenID Connect: the authorization code with PKCE, and what the provider says."""

import hashlib
import ssl
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from service.console.oidc_people import Identity, Naming
from service.console.oidc_token import Wanted, claims_of
from service.console.person import DeniedError
from service.errors import UnavailableError

LONGEST_S = 10.0
"""For each answer of the provider."""
KNOWN = "/.well-known/openid-configuration"
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Flow:
    """One way to the provider and back; all of it follows from what the browser alone knows."""

    secret: str
    back: str
    """Where the provider leads back to."""

    @property
    def state(self) -> str:
        """What the provider hands back, by which the browser is known again."""
        return self._of("state")

    @property
    def nonce(self) -> str:
        """What the ID token must bear, so that it is of this flow."""
        return self._of("nonce")

    @property
    def verifier(self) -> str:
        """What only who began the flow knows (RFC 7636)."""
        return self._of("verifier")

    @property
    def challenge(self) -> str:
        """What is shown of it in the beginning."""
        return _base64(hashlib.sha256(self.verifier.encode()).digest())

    def _of(self, what: str) -> str:
        return _base64(hashlib.sha256(f"{what}:{self.secret}".encode()).digest())


@dataclass(frozen=True)
class Provider:
    """Who knows people, and what this node is there."""

    issuer: str
    title: str
    client_id: str
    client_secret: str
    """Empty where it has none."""
    scopes: tuple[str, ...]
    redirect_url: str
    trusted: ssl.SSLContext
    naming: Naming

    def ask(self) -> None:
        """Ask the provider who it is.

        Raises:
            UnavailableError: it does not answer as one.
        """
        with self._client() as client:
            self._metadata(client)

    def begin(self, flow: Flow) -> str:
        """Return where the browser is to go.

        Raises:
            UnavailableError: the provider does not answer as one.
        """
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": flow.back,
            "scope": " ".join(self.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        with self._client() as client:
            there = str(self._metadata(client)["authorization_endpoint"])
        return f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"

    def identity(self, flow: Flow, code: str, now: datetime) -> Identity:
        """Return who came back with that code.

        Raises:
            DeniedError: the code or the ID token does not count, or gives no name or role.
            UnavailableError: the provider does not answer as one.
        """
        with self._client() as client:
            known = self._metadata(client)
            token = self._token(client, known, flow, code)
            keys = self._asked(client, client.build_request("GET", str(known["jwks_uri"])))
        wanted = Wanted(self.issuer, self.client_id, flow.nonce)
        return self.naming.identity(claims_of(token, keys, wanted, now))

    def _client(self) -> httpx.Client:
        return httpx.Client(verify=self.trusted, timeout=LONGEST_S, trust_env=False)

    def _metadata(self, client: httpx.Client) -> Mapping[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0)."""
        known = self._asked(client, client.build_request("GET", self.issuer.rstrip("/") + KNOWN))
        if known.get("issuer") != self.issuer:
            raise UnavailableError("the provider calls itself another issuer than oidc.issuer")
        if not all(isinstance(known.get(one), str) for one in NEEDED):
            raise UnavailableError("the provider does not say where it is to be asked")
        return known

    def _token(self, client: httpx.Client, known: Mapping[str, Any], flow: Flow, code: str) -> str:
        """Return the ID token for that code (OpenID Connect Core 1.0, 3.1.3)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.back,
            "code_verifier": flow.verifier,
            "client_id": self.client_id,
        }
        ways = known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by_form = bool(self.client_secret) and "client_secret_basic" not in ways
        if by_form:
            form["client_secret"] = self.client_secret
        request = client.build_request("POST", str(known["token_endpoint"]), data=form)
        by_header = bool(self.client_secret) and not by_form
        token = self._asked(client, request, self._shown() if by_header else None).get("id_token")
        if not isinstance(token, str):
            raise UnavailableError("the provider gave no ID token: is openid among oidc.scopes?")
        return token

    def _shown(self) -> httpx.Auth:
        """Return what this node shows in a header (RFC 6749, 2.3.1), a blank as %20."""
        shown = (quote(one, safe="") for one in (self.client_id, self.client_secret))
        return httpx.BasicAuth(*shown)

    def _asked(
        self, client: httpx.Client, request: httpx.Request, auth: httpx.Auth | None = None
    ) -> Mapping[str, Any]:
        """Return what the provider answers; its own words are in no message."""
        try:
            answer = client.send(request, auth=auth)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            what = type(error).__name__
            raise UnavailableError(f"the provider does not answer as one ({what})") from error
        if request.method == "POST" and answer.is_client_error:
            raise DeniedError(
                HTTPStatus.FORBIDDEN, "the provider does not take what it sent you back with"
            )
        if answer.status_code != HTTPStatus.OK or not isinstance(told, dict):
            raise UnavailableError(f"the provider answers {answer.status_code}")
        return told


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
