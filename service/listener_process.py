"""One of several processes that listen on the same port; `senoscope serve` starts it."""

import argparse
import os
import signal
import threading
from pathlib import Path

from service import log
from service.assembly.receiving import DRAIN_S
from service.node import Role
from service.parts import Parts
from service.settings import load_settings
from service.tracing import collect

LOOK_S = 2.0
"""How often it looks whether the node that started it is still there."""


def main() -> None:
    """Listen until SIGTERM, or until the node that started this process is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--parent", type=int, required=True, help="the process to end with")
    arguments = parser.parse_args()
    log.set_up()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = Parts(load_settings(arguments.config))
    collect(parts.settings.traces.endpoint)
    listener = parts.listener()
    teller = parts.teller([Role.LISTENER], parts.look_at_routes)
    listener.start()
    telling = threading.Thread(target=teller.run, args=(stop,))
    telling.start()
    while not stop.wait(LOOK_S) and listener.is_alive and os.getppid() == arguments.parent:
        pass
    listener.stop(DRAIN_S)
    stop.set()
    telling.join()
    teller.end()


if __name__ == "__main__":
    main()
