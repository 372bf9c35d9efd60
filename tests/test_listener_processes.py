"""Several processes on one port: all serve, one that dies comes back, and all end in time."""

import signal

import psutil
from loopback import Raw, ct
from node import Node
from peers.programs import listens, until


def test_processes_share_a_port_one_that_dies_comes_back_and_all_end_with_the_node(tmp_path):
    node = Node(tmp_path, pacs=9)
    config = node.config.read_text().replace("[dicom]\n", "[dicom]\nprocesses = 3\n")
    node.config.write_text(config)
    node.start()
    try:
        until(lambda: len(_others(node)) == 2, 60)
        until(lambda: _listening(node) == 3, 60)
        _send(node.port, range(20))

        victim = _others(node)[0]
        victim.send_signal(signal.SIGKILL)
        until(lambda: victim.pid not in {one.pid for one in _others(node)}, 30)
        until(lambda: _listening(node) == 3, 60)

        _send(node.port, range(20, 40))
        others = _others(node)
    finally:
        code = node.stop()

    assert code == 0
    assert not any(one.is_running() for one in others)
    assert not listens(node.port)


def _send(port: int, numbers) -> None:
    for number in numbers:
        with Raw(port).associate() as peer:
            peer.store(ct(uid=f"1.2.3.{number}"), uid=f"1.2.3.{number}")
            assert peer.receive() == 0
            peer.release()


def _others(node) -> list[psutil.Process]:
    return [one for one in psutil.Process(node.process.pid).children() if _listens(one)]


def _listens(process: psutil.Process) -> bool:
    try:
        return "service.listener_process" in process.cmdline()
    except psutil.Error:  # it just died
        return False


def _listening(node) -> int:
    """Return how many processes listen on the node's port."""
    family = [psutil.Process(node.process.pid), *_others(node)]
    return sum(
        any(one.status == psutil.CONN_LISTEN and one.laddr.port == node.port for one in held)
        for held in (process.net_connections("tcp") for process in family)
    )
