"""Who people are, where somebody else knows it: the `[oidc]` of `senoscope.toml`."""

from collections.abc import Mapping
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from service.sections.section import Section

HERE = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts to which nothing goes over a network."""


class Oidc(Section):
    """The provider by which people may sign in too (OpenID Connect); passwords stay."""

    issuer: str = ""
    """As it calls itself: https://...; empty: there is none."""
    title: str = Field(default="single sign-on", min_length=1, max_length=60)
    """What the button says: Sign in with ..."""
    client_id: str = ""
    """What the provider calls this node."""
    client_secret_file: str = ""
    """The file with what the provider knows it by; empty: PKCE alone."""
    redirect_url: str = ""
    """Where it leads back to: https://NODE/sign-in/oidc/back; empty: the host that was asked."""
    ca_file: str = ""
    """Who vouches for the provider's certificate (PEM); empty: who the machine trusts."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """What is asked for."""
    name_claim: str = Field(default="preferred_username", min_length=1)
    """Of the ID token: what people are called here."""
    role_claim: str = Field(default="roles", min_length=1)
    """Of the ID token: a word or a list of words; dots lead into it, as in realm_access.roles."""
    roles: Mapping[str, Literal["viewer", "operator", "admin"]] = {}
    """Which of those words makes somebody what; the highest counts, and who has none stays out."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.issuer:
            return self
        for url in filter(None, (self.issuer, self.redirect_url)):
            found = urlsplit(url)
            if found.scheme != "https" and (found.scheme != "http" or found.hostname not in HERE):
                raise ValueError("issuer and redirect_url: https://... is needed")
        if not self.client_id:
            raise ValueError("client_id: what does the provider call this node?")
        if not self.roles:
            raise ValueError("roles: nobody could sign in; name who is viewer, operator and admin")
        if "openid" not in self.scopes:
            raise ValueError("scopes: openid is missing")
        return self
