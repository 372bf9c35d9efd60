"""The queue in Celery: what both sides share, and the sending side."""

import time
from dataclasses import dataclass
from pathlib import Path

from celery import Celery
from kombu.exceptions import ChannelError, OperationalError

from service.errors import UnavailableError
from service.queue import folder
from service.queue.broker import Broker

WORK = "senoscope.work"
"""The task: look for work."""
QUEUE = "senoscope"
MOST_WAITING = 64
"""Wake-ups that lie in the broker at most: one leads to the next, so more would only pile up."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a job may take, in seconds."""

    soft_s: float = 600
    """Then it is told to end, and counts as crashed."""
    hard_s: float = 900
    """Then the process that runs it is killed."""


USUAL = Limits()

_AWAY = (OperationalError, OSError)
"""What is raised when the broker cannot be reached, or the disk of its folder is full."""
_COMMON = {
    "accept_content": ["json"],
    "broker_connection_max_retries": None,  # a broker that was away all night is still waited for
    "broker_connection_retry_on_startup": True,
    "task_acks_late": True,
    "task_default_queue": QUEUE,
    "task_ignore_result": True,
    "task_publish_retry": False,
    "task_serializer": "json",
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_pool": "prefork",
    "worker_prefetch_multiplier": 1,
    "worker_proc_alive_timeout": 180,  # opening engines takes its time
    "worker_redirect_stdouts": False,
    "worker_send_task_events": False,
}
_REDIS_OPTIONS = {
    "health_check_interval": 10,
    "interval_max": 0.1,  # a sender does not wait for the broker: the sweeper repeats
    "interval_start": 0,
    "max_retries": 1,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "socket_timeout": 10,
}


def make_app(broker: Broker, data: Path, limits: Limits = USUAL) -> Celery:
    """Return the Celery app of both sides; a broker without URL is the folder ``broker`` in `data`.

    A wake-up that no worker has acknowledged within two times the longest job is given to another.
    """
    app = Celery("senoscope", set_as_current=False)
    app.conf.update(_COMMON)
    app.conf.update(task_soft_time_limit=limits.soft_s, task_time_limit=limits.hard_s)
    if broker.url:
        options = {**_REDIS_OPTIONS, "visibility_timeout": 2 * limits.hard_s, **broker.options}
        app.conf.update(broker_url=broker.full_url, broker_transport_options=options)
        app.conf.update(broker.conf)
        return app
    path = data / "broker"
    folder.sweep(path, older_than=time.time() - limits.hard_s)
    app.conf.update(
        broker_url="folder://localhost",
        broker_transport=folder.TRANSPORT,
        broker_transport_options={"folder": str(path)},
    )
    return app


@dataclass(frozen=True, slots=True)
class CeleryQueue:
    """See `service.queue.queue.Queue`; it names the task, so that the sender needs no engine."""

    app: Celery

    def put(self, job_id: str) -> None:
        """See Queue."""
        try:
            if self.waiting() < MOST_WAITING:
                self.app.send_task(WORK, args=[job_id])
        except _AWAY:
            return  # The sweeper repeats it; /readyz tells that the broker is away, by `ping`.

    def is_empty(self) -> bool:
        """Tell whether no wake-up lies in the broker, as far as can be told."""
        try:
            return self.waiting() == 0
        except _AWAY:
            return False

    def waiting(self) -> int:
        """Return how many wake-ups lie in the broker."""
        with self.app.connection_or_acquire() as connection:
            try:
                return int(connection.default_channel.queue_declare(QUEUE, passive=True)[1])
            except ChannelError:
                return 0
            except connection.connection_errors as error:
                raise OperationalError(str(error)) from error

    def ping(self) -> None:
        """See Queue."""
        try:
            self.waiting()
        except _AWAY as error:
            raise UnavailableError("the broker cannot be reached") from error
