"""Telling people by e-mail: SMTP, RFC 5321, with STARTTLS (RFC 3207) or TLS (RFC 8314)."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from typing_extensions import override

from service.errors import UnavailableError
from service.ledger.notifying import Message
from service.notify.letter import Sender, subject, text
from service.notify.words import one_line
from service.secret import read_secret
from service.sections.notify import MailSecurity

TIMEOUT_S = 20.0
"""For each answer of the server."""
DONE = 250


@dataclass(frozen=True, slots=True)
class Server:
    """Who takes our mail."""

    host: str
    port: int
    security: MailSecurity
    tls: Callable[[], ssl.SSLContext]
    user: str = ""
    password: Path | None = None

    @override
    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """Give a connection that may send."""
        with closing(self._greeted()) as smtp:
            if self.security is MailSecurity.STARTTLS:
                smtp.starttls(context=self.tls())
            if self.password is not None:
                smtp.login(self.user, read_secret(self.password))
            yield smtp
            with suppress(smtplib.SMTPException):  # it has the letter, whatever it says now
                smtp.quit()

    def _greeted(self) -> smtplib.SMTP:
        if self.security is MailSecurity.TLS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=self.tls())
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class Mail:
    """Sends messages to some addresses."""

    server: Server
    sender: str
    to: tuple[str, ...]
    node: Sender

    @override
    def __str__(self) -> str:
        return f"{', '.join(self.to)} by {self.server}"

    def send(self, message: Message) -> str:
        """See Channel; where one of several addresses is refused, the answer names it."""
        letter = self._letter(message)
        try:
            with self.server.connected() as smtp:
                return self._handed_over(smtp, letter)
        except smtplib.SMTPRecipientsRefused as error:
            reasons = "; ".join(f"{to}: {_said(answer)}" for to, answer in error.recipients.items())
            raise UnavailableError(f"{self.server} takes no mail for {reasons}") from error
        except smtplib.SMTPResponseException as error:
            answer = _said((error.smtp_code, error.smtp_error))
            raise UnavailableError(f"{self.server} answers {answer}") from error
        except OSError as error:  # smtplib's own errors are among them
            raise UnavailableError(f"{self.server}: {one_line(str(error))}") from error

    def _letter(self, message: Message) -> EmailMessage:
        """Return the message as a letter; its Message-ID is the same at each try."""
        letter = EmailMessage(policy=policy.SMTP)
        letter["Subject"] = subject(self.node, message)
        letter["From"] = self.sender
        letter["To"] = ", ".join(self.to)
        letter["Date"] = format_datetime(message.made_at)
        letter["Message-ID"] = f"<{message.message_id}@{self.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        letter.set_content(text(self.node, message), cte="quoted-printable")
        return letter

    def _handed_over(self, smtp: smtplib.SMTP, letter: EmailMessage) -> str:
        smtp.ehlo_or_helo_if_needed()
        _check(smtp.mail(self.sender))
        answers = {to: smtp.rcpt(to) for to in self.to}
        refused = {to: answer for to, answer in answers.items() if answer[0] // 10 != DONE // 10}
        if len(refused) == len(answers):
            raise smtplib.SMTPRecipientsRefused(refused)
        answer = _check(smtp.data(letter.as_bytes()))
        return "; ".join([answer, *(f"not {to}: {_said(why)}" for to, why in refused.items())])


def _check(answer: tuple[int, bytes]) -> str:
    """Return what the server said; raises smtplib's error if it was no."""
    code, said = answer
    if code != DONE:
        raise smtplib.SMTPResponseException(code, said)
    return _said(answer)


def _said(answer: tuple[int, bytes | str]) -> str:
    code, said = answer
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return one_line(f"{code} {words}")
