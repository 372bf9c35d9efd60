"""What a deployment may choose of how people are told what goes wrong."""

import re
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from service.sections.section import Section

HERE = {"127.0.0.1", "::1", "localhost"}
ADDRESS = re.compile(r"[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.\[\]:-]+")


class MailSecurity(StrEnum):
    """How the connection to the mail server is kept secret."""

    STARTTLS = "starttls"
    """It becomes TLS before anything is said; usual on port 587."""
    TLS = "tls"
    """It is TLS from the start; usual on port 465."""
    NONE = "none"


def _is_address(given: str) -> str:
    if not ADDRESS.fullmatch(given):
        raise ValueError("an e-mail address is expected, such as pacs-team@example.org")
    return given


def _is_web_url(given: str) -> str:
    there = urlsplit(given)
    if given and (there.scheme not in {"http", "https"} or not there.hostname):
        raise ValueError("a URL is expected that begins with http:// or https://")
    return given


Address = Annotated[str, AfterValidator(_is_address)]
WebUrl = Annotated[str, AfterValidator(_is_web_url)]


class MailSection(Section):
    """Who is told by e-mail."""

    host: str = ""
    """The server that takes our mail; empty: nobody is told by e-mail."""
    port: int = Field(default=587, ge=1, le=65535)
    security: MailSecurity = MailSecurity.STARTTLS
    tls_ca: str = ""
    """Who vouches for the server; empty: whom the system trusts."""
    user: str = ""
    password_file: str = ""
    sender: Address | None = None
    to: tuple[Address, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.host and not (self.sender and self.to):
            raise ValueError("a host needs a sender and somebody to write to")
        if bool(self.user) != bool(self.password_file):
            raise ValueError("user and password_file belong together")
        if self.user and self.security is MailSecurity.NONE and self.host not in HERE:
            raise ValueError("a password is not sent in the clear: choose starttls or tls")
        return self


class WebhookSection(Section):
    """Which program is told."""

    url: WebUrl = ""
    """Empty: none."""
    secret_file: str = ""
    """With what messages are signed; empty: they are not."""
    token_file: str = ""
    """What we may come in with (Authorization: Bearer); empty: nothing."""
    tls_ca: str = ""
    """Who vouches for the server; empty: whom the system trusts."""

    @model_validator(mode="after")
    def _keeps_its_token(self) -> Self:
        there = urlsplit(self.url)
        if self.token_file and there.scheme == "http" and there.hostname not in HERE:
            raise ValueError("a token is not sent in the clear: the url needs https")
        return self


class Notify(Section):
    """Who is told of what, and how often."""

    mail: MailSection = MailSection()
    webhook: WebhookSection = WebhookSection()
    console_url: WebUrl = ""
    """Where people reach the console; empty: messages have no links."""
    every_s: float = Field(default=30, gt=0, le=3600)
    """Between two looks at the node."""
    gather_s: float = Field(default=60, ge=0)
    """What comes within it is told in one message."""
    per_hour: int = Field(default=6, ge=1, le=60)
    """Messages of a channel at most; what is more is told by the next."""
    more_after_min: float = Field(default=60, ge=0)
    """When more of a trouble comes, it is told so long after the last time."""
    again_after_h: float = Field(default=24, ge=0)
    """What goes on is told again after it, then after twice as long, at least weekly; 0: never."""
    over_after_s: float = Field(default=120, ge=0)
    """What is gone for so long is over."""
    disk_low_mb: int = Field(default=4096, ge=0)
    unreached_min: float = Field(default=10, gt=0)
    """A destination that took nothing for so long while results wait is told."""
    worker_min: float = Field(default=5, ge=0)
    """That no worker is alive is told when it lasts for so long."""
    refused_per_h: int = Field(default=100, ge=1)
    """Who is refused more often is told."""
