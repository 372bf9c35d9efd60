"""The same study through one process and through a cluster: what comes out is the same."""

import hashlib

import pytest
from node import Cluster, Node
from peers import dcmtk
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved, study

from pipelines.kinds import Kind


def digests(storescp):
    """Return the digest of each file that came, by its name: its SOP Instance UID."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in storescp.files()}


def settled(node):
    ledger = node.ledger()
    until(
        lambda: (
            (jobs := ledger.jobs())
            and not any(job.state.is_open for job in jobs)
            and not any(each.state == "owed" for each in ledger.deliveries())
        ),
        240,
        0.5,
        node.log.read_text,
    )
    done = [str(job.state) for job in ledger.jobs()]
    ledger.close()
    return done


@pytest.mark.timeout(600)
@pytest.mark.parametrize("pipeline", ["super-resolution", "cad"])
def test_a_cluster_makes_the_same_bytes_as_one_process(
    tmp_path, postgresql, redis_server, started, pipeline
):
    (tmp_path / "site.key").write_text("5a" * 32)
    key = f'[security]\nsite_key_file = "{tmp_path / "site.key"}"\n'
    shared = f'{key}[ledger]\nurl = "{postgresql.database()}"\n'
    views = [saved(image, tmp_path) for image in study(rows=256, columns=208)]
    settings = {"pipeline": pipeline, "accepts": list(Kind)}
    with (
        dcmtk.storescp(tmp_path / "one") as one,
        dcmtk.storescp(tmp_path / "other") as other,
    ):
        alone = started(Node(tmp_path / "alone", one.port, extra=key, **settings))
        cluster = started(
            Cluster(
                tmp_path / "cluster", other.port, broker=redis_server.url, extra=shared, **settings
            )
        )

        answers = [storescu(views, node.port).returncode for node in (alone, cluster)]

        assert answers == [0, 0]
        assert settled(alone) == settled(cluster)
        assert digests(one)
        assert digests(one) == digests(other)
