"""What a node costs that has nothing to do: with no association, and with 50 that are silent.

    python bench/idle.py [--seconds 30]

The whole family counts: `senoscope serve`, its worker and the worker's child.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from pynetdicom import AE
from support.receivers import CALLED, CONFIG, HOST, ROUTES, Receiver, free_port, listening

WANTED = 0.01
"""Of one processor: issue 5."""
ASSOCIATIONS = 50
SILENT_S = 40.0
"""Less than the silence for which the node ends an association."""


def main() -> None:
    """Print both shares of one processor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--roles", nargs="*", default=[], help="only these roles of the node")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        roles = [word for role in arguments.roles for word in ("--role", role)]

        def node(root: Path, port: int) -> list[str]:
            return [*_whole_node(root, port), *roles]

        receiver = ends.enter_context(listening("senoscope", node, Path(folder) / "node"))
        time.sleep(15)  # the engines are opened meanwhile
        _tell("nothing open", _share(receiver, arguments.seconds))
        ae = AE("SENDER")
        ae.add_requested_context("1.2.840.10008.1.1")
        for _ in range(ASSOCIATIONS):
            association = ae.associate(HOST, receiver.port, ae_title=CALLED)
            if not association.is_established:
                raise SystemExit("the node does not answer: it is not measured")
            ends.callback(association.abort)
        time.sleep(1)
        _tell(f"{ASSOCIATIONS} silent", _share(receiver, min(arguments.seconds, SILENT_S)))


def _whole_node(root: Path, port: int) -> list[str]:
    root.mkdir(parents=True)
    config = root / "senoscope.toml"
    http = f"[http]\nport = {free_port()}"
    config.write_text(CONFIG.format(called=CALLED, port=port, most=64, more=http))
    (root / "routes.toml").write_text(ROUTES)
    return [sys.executable, "-m", "service", "serve", "--config", str(config)]


def _share(receiver: Receiver, seconds: float) -> float:
    before, started = receiver.processor_seconds(), time.monotonic()
    time.sleep(seconds)
    return (receiver.processor_seconds() - before) / (time.monotonic() - started)


def _tell(what: str, share: float) -> None:
    verdict = "" if share < WANTED else f"  MORE THAN {WANTED:.0%}"
    print(f"{what:16} {share:7.2%} of one processor{verdict}", flush=True)


if __name__ == "__main__":
    main()
