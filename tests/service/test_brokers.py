"""Redis as hospitals run it: with TLS, with a password, watched over by Sentinel."""

import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from peers.programs import HOST, Server, program, until

from service.demo.orthanc import free_port
from service.errors import BadConfigurationError, UnavailableError
from service.queue import made
from service.queue.broker import Broker, read_password
from service.queue.celery import CeleryQueue, make_app
from service.settings import load_settings

PASSWORD = "a password: with / and @"  # noqa: S105 - a test's


@pytest.fixture
def authority():
    return trustme.CA()


@contextmanager
def redis(folder: Path, port: int, *options: str | Path):
    command = [program("redis-server", "redis-server"), "--bind", HOST, "--dir", folder]
    command += ["--save", "", "--appendonly", "no", *options]
    server = Server(command, port, folder / f"redis-{port}.log")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def redis_with_tls(folder, authority):
    port = free_port()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    options = ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"]
    options += ["--tls-cert-file", folder / "cert.pem", "--tls-key-file", folder / "key.pem"]
    options += ["--tls-ca-cert-file", folder / "ca.pem", "--requirepass", PASSWORD]
    with redis(folder, port, *options):
        yield f"rediss://{HOST}:{port}/0"


@contextmanager
def queue_of(broker, folder):
    queue = CeleryQueue(make_app(broker, folder))
    yield queue
    queue.app.pool.force_close_all()


def test_redis_is_reached_by_tls_with_a_password_from_a_file(tmp_path, authority):
    with redis_with_tls(tmp_path, authority) as url:
        (tmp_path / "password").write_text(f"{PASSWORD}\n")
        config = tmp_path / "senoscope.toml"
        config.write_text(
            f'[queue]\nbroker = "{url}"\ntls_ca = "ca.pem"\npassword_file = "password"\n'
        )
        queue = made.queue_of(load_settings(config))

        queue.ping()
        queue.put("job-1")

        assert queue.waiting() == 1
        queue.app.pool.force_close_all()


def test_a_redis_with_a_certificate_of_somebody_else_is_not_spoken_to(tmp_path, authority):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    with (
        redis_with_tls(tmp_path, authority) as url,
        queue_of(Broker(url, tls_ca=tmp_path / "other.pem", password=PASSWORD), tmp_path) as queue,
        pytest.raises(UnavailableError, match="broker"),
    ):
        queue.ping()


def test_a_wrong_password_is_a_broker_that_cannot_be_reached(tmp_path, authority):
    with (
        redis_with_tls(tmp_path, authority) as url,
        queue_of(Broker(url, tls_ca=tmp_path / "ca.pem", password="no"), tmp_path) as queue,  # noqa: S106
        pytest.raises(UnavailableError, match="broker"),
    ):
        queue.ping()


def test_when_the_master_dies_sentinel_names_another_and_wake_ups_go_there(sentinel, tmp_path):
    broker = Broker(sentinel.url, master=sentinel.NAME)
    with queue_of(broker, tmp_path) as queue:
        queue.put("job-1")
        assert queue.waiting() == 1

        sentinel.fail_over()
        until(lambda: reaches(queue), 30)
        before = queue.waiting()
        queue.put("job-2")

        assert queue.waiting() == before + 1


def reaches(queue):
    try:
        queue.ping()
    except UnavailableError:
        time.sleep(0.2)
        return False
    return True


@pytest.mark.parametrize(
    ("broker", "told"),
    [
        (
            {"url": "amqp://here"},
            "queue.broker: .amqp. is none of redis://, rediss://, sentinel://",
        ),
        ({"url": "sentinel://here:26379"}, "queue.master: Sentinel must be asked"),
        ({"url": "rediss://here", "tls_ca": Path("nowhere.pem")}, "queue.tls_ca: no such file"),
    ],
)
def test_a_broker_that_can_never_be_reached_is_refused_by_its_key(broker, told):
    with pytest.raises(BadConfigurationError, match=told):
        Broker(**broker)


def test_a_password_stands_in_each_part_of_the_url_unless_one_is_there():
    url = "sentinel://a:1;sentinel://:own@b:2/0"

    broker = Broker(url, master="ours", password=PASSWORD)

    assert broker.full_url == (
        "sentinel://:a%20password%3A%20with%20%2F%20and%20%40@a:1;sentinel://:own@b:2/0"
    )


def test_a_password_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadConfigurationError, match=r"queue.password_file: cannot read .*secret"):
        read_password(tmp_path / "secret")
