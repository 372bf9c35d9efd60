import os
import resource
import time

import pytest
from clock import now

from service.errors import UnavailableError
from service.queue import folder
from service.queue.broker import Broker
from service.queue.celery import MOST_WAITING, QUEUE, WORK, CeleryQueue, make_app
from service.queue.inline import InlineQueue

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["embedded", "redis"])
def queue(request, tmp_path):
    broker = request.getfixturevalue("redis_server").url if request.param == "redis" else ""
    with make_app(Broker(broker), tmp_path) as app:
        yield CeleryQueue(app)
        app.pool.force_close_all()


def take(queue):
    with queue.app.connection_for_read() as connection, connection.SimpleQueue(QUEUE) as waiting:
        message = waiting.get(timeout=30)
        message.ack()
        return message


def test_a_wake_up_carries_the_name_of_the_task_and_the_job_and_is_json(queue):
    queue.ping()
    assert queue.is_empty()

    queue.put("job-1")

    assert not queue.is_empty()
    message = take(queue)
    assert message.headers["task"] == WORK
    assert message.content_type == "application/json"
    assert message.payload[0] == ["job-1"]
    assert queue.is_empty()


def test_wake_ups_never_pile_up(queue):
    for number in range(2 * MOST_WAITING):
        queue.put(str(number))

    assert queue.waiting() == MOST_WAITING


def test_a_broker_that_is_away_delays_nobody_and_is_told_by_ping(tmp_path):
    queue = CeleryQueue(make_app(Broker(NOBODY), tmp_path))
    before = time.monotonic()

    queue.put("job-1")

    assert time.monotonic() - before < 2
    assert not queue.is_empty()
    with pytest.raises(UnavailableError, match="broker"):
        queue.ping()


def test_a_folder_that_cannot_be_written_to_is_a_broker_that_is_away(tmp_path):
    queue = CeleryQueue(make_app(Broker(), tmp_path))
    (tmp_path / "broker").write_text("no folder")

    queue.put("job-1")

    with pytest.raises(UnavailableError, match="broker"):
        queue.ping()
    queue.app.pool.force_close_all()


def test_a_full_disk_leaves_no_half_messages(tmp_path):
    queue = CeleryQueue(make_app(Broker(), tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        queue.put("job-1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert not [*(tmp_path / "broker").iterdir()]
    queue.put("job-2")
    assert take(queue).payload[0] == ["job-2"]
    queue.app.pool.force_close_all()


def test_a_redis_that_forgot_everything_is_used_again(redis_server, tmp_path):
    queue = CeleryQueue(make_app(Broker(redis_server.url), tmp_path))
    queue.put("job-1")
    redis_server.kill()
    queue.put("job-2")
    redis_server.start()

    queue.put("job-3")

    assert take(queue).payload[0] == ["job-3"]
    queue.app.pool.force_close_all()


def test_half_a_message_is_never_taken_and_swept_in_time(tmp_path):
    queue = CeleryQueue(make_app(Broker(), tmp_path))
    queue.put("job-1")
    (message,) = (tmp_path / "broker").glob("*.msg")
    half = message.with_suffix(".part")
    half.write_bytes(message.read_bytes()[:20])
    take(queue)

    assert queue.is_empty()
    assert folder.sweep(tmp_path / "broker", older_than=now().timestamp() - 60) == 0
    os.utime(half, (1, 1))
    assert folder.sweep(tmp_path / "broker", older_than=now().timestamp() - 60) == 1
    assert not [*(tmp_path / "broker").iterdir()]
    queue.app.pool.force_close_all()


def test_only_json_is_accepted(queue):
    assert queue.app.conf.accept_content == ["json"]
    assert queue.app.conf.task_serializer == "json"


def test_a_queue_may_run_each_job_at_once():
    ran = []
    queue = InlineQueue(ran.append)

    queue.put("job-1")
    queue.ping()

    assert ran == ["job-1"]
