"""From settings to what tells people."""

import socket
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from service.notify.channel import Channel
from service.notify.letter import Sender
from service.notify.mail import Mail, Server
from service.notify.plan import Rules
from service.notify.troubles import Limits
from service.notify.webhook import Webhook
from service.sections.notify import Notify
from service.settings import Settings
from service.tls import client_context

MB = 1_000_000


def sender_of(settings: Settings) -> Sender:
    """Return how the node of those settings is named in messages."""
    node = f"{settings.dicom.ae_title} on {socket.gethostname()}"
    return Sender(node, settings.notify.console_url)


def channels_of(settings: Settings) -> Mapping[str, Channel]:
    """Return the ways to people that are set, by name."""
    found: dict[str, Channel] = {}
    if settings.notify.mail.host:
        found["mail"] = _mail(settings)
    if settings.notify.webhook.url:
        found["webhook"] = _webhook(settings)
    return found


def rules_of(chosen: Notify) -> Rules:
    """Return how often people are told."""
    return Rules(
        gather=timedelta(seconds=chosen.gather_s),
        more_after=timedelta(minutes=chosen.more_after_min),
        again_after=timedelta(hours=chosen.again_after_h),
        over_after=timedelta(seconds=chosen.over_after_s),
        per_hour=chosen.per_hour,
    )


def limits_of(settings: Settings) -> Limits:
    """Return from where on something is a trouble."""
    chosen = settings.notify
    return Limits(
        disk_full=settings.disk.low_water_mb * MB,
        disk_low=chosen.disk_low_mb * MB,
        without_worker=timedelta(minutes=chosen.worker_min),
        unreached=timedelta(minutes=chosen.unreached_min),
        refused_per_hour=chosen.refused_per_h,
    )


def _mail(settings: Settings) -> Mail:
    mail, base = settings.notify.mail, settings.base
    server = Server(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        tls=partial(client_context, _file(base, mail.tls_ca), None, None),
        user=mail.user,
        password=_file(base, mail.password_file),
    )
    return Mail(server, mail.sender or "", mail.to, sender_of(settings))


def _webhook(settings: Settings) -> Webhook:
    webhook, base = settings.notify.webhook, settings.base
    return Webhook(
        url=webhook.url,
        tls=partial(client_context, _file(base, webhook.tls_ca), None, None),
        node=sender_of(settings),
        secret=_file(base, webhook.secret_file),
        token=_file(base, webhook.token_file),
    )


def _file(base: Path, named: str) -> Path | None:
    return base / named if named else None
