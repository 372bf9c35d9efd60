"""Telling programs: JSON by HTTP POST, signed."""

import hmac
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from typing_extensions import override

from service.errors import UnavailableError
from service.ledger.notifying import Message
from service.notify.letter import Sender, body
from service.notify.words import one_line
from service.secret import read_secret

TIMEOUT_S = 20.0
"""For the connection, and for each silence of the receiver."""
LONGEST_S = 60.0
"""For an answer that never ends."""
LONGEST_ANSWER = 200
"""Bytes of it that people are told."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Sends messages to a URL."""

    url: str
    tls: Callable[[], ssl.SSLContext]
    node: Sender
    secret: Path | None = None
    """What messages are signed with."""
    token: Path | None = None
    """What we may come in with."""

    @override
    def __str__(self) -> str:
        """Return who is told, without what of the URL is a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def send(self, message: Message) -> str:
        """See Channel; any answer 2xx means that it was taken."""
        content = body(self.node, message)
        headers = self._headers(message, content)
        verify = self.tls() if self.url.startswith("https:") else False
        try:
            with (
                httpx.Client(timeout=TIMEOUT_S, verify=verify, trust_env=False) as client,
                client.stream("POST", self.url, content=content, headers=headers) as answer,
            ):
                said = f"HTTP {answer.status_code} {_beginning(answer)}".strip()
        except httpx.HTTPError as error:
            reason = one_line(str(error)) or type(error).__name__
            raise UnavailableError(f"{self}: {reason}") from error
        if not answer.is_success:
            raise UnavailableError(f"{self} answers {said}")
        return said

    def _headers(self, message: Message, content: bytes) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.message_id}
        if self.secret is not None:
            headers["X-Senoscope-Signature"] = signature(read_secret(self.secret), content)
        if self.token is not None:
            headers["Authorization"] = f"Bearer {read_secret(self.token)}"
        return headers


def signature(secret: str, content: bytes) -> str:
    """Return what a receiver that knows `secret` can check `content` by: HMAC-SHA256, RFC 2104."""
    return f"sha256={hmac.new(secret.encode(), content, 'sha256').hexdigest()}"


def _beginning(answer: httpx.Response) -> str:
    """Return how the answer begins, in a line."""
    said = b""
    ends = time.monotonic() + LONGEST_S
    for piece in answer.iter_bytes(LONGEST_ANSWER):
        said += piece
        if len(said) >= LONGEST_ANSWER or time.monotonic() > ends:
            break
    return one_line(said[:LONGEST_ANSWER].decode("utf-8", "replace"))
