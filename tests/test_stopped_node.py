"""What lies on the disk when a node was asked to stop."""

import shutil
import sqlite3
from contextlib import closing

from node import Node
from phantoms import mammogram, saved

from service.delivery.files import send_files
from service.delivery.peer import Address


def test_after_a_clean_stop_the_file_of_the_ledger_alone_is_whole(tmp_path):
    node = Node(tmp_path / "node", pacs=1, quiet_s=600)
    node.start()
    node.wait_until_ready()
    image = saved(mammogram(seed=1), tmp_path)
    (sent,) = send_files([image], Address("SENOSCOPE", "127.0.0.1", node.port), "MAMMO1")
    node.answers("/metrics")

    stopped = node.stop()

    data = tmp_path / "node" / "data"
    alone = shutil.copy(data / "ledger.sqlite", tmp_path / "alone.sqlite")
    with closing(sqlite3.connect(alone)) as ledger:
        assert ledger.execute("SELECT count(*) FROM instances").fetchone() == (1,)
    wal = data / "ledger.sqlite-wal"
    assert (stopped, sent.ok) == (0, True)
    assert not wal.exists() or not wal.stat().st_size
