"""From settings to what wakes the workers."""

from service.queue.broker import Broker, read_password
from service.queue.celery import CeleryQueue, Limits, make_app
from service.settings import Settings


def queue_of(settings: Settings) -> CeleryQueue:
    """Return what wakes the workers of the node of those settings.

    Raises:
        BadConfigurationError: if its broker can never be reached.
    """
    queue, worker = settings.queue, settings.worker
    broker = Broker(
        url=queue.broker,
        master=queue.master,
        tls_ca=settings.base / queue.tls_ca if queue.tls_ca else None,
        password=read_password(settings.base / queue.password_file) if queue.password_file else "",
    )
    limits = Limits(worker.soft_limit_s, worker.hard_limit_s)
    return CeleryQueue(make_app(broker, settings.data, limits))
