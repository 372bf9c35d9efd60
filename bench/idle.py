"""What a node costs that has nothing to do: with no association, and with 50 that are silent.

    make bench-idle [ARGS="--seconds 30"]

The whole family counts: `senoscope serve`, its worker and the worker's child. No canaries are sent:
what one of them costs once in five minutes would fall into one of the two spans (docs/canary.md).
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from pynetdicom import AE
from support.node import wait_until_ready, whole_node
from support.receivers import CALLED, HOST, Receiver, listening
from support.results import begun, table

WANTED = 0.01
"""Of one processor: issue 5."""
ASSOCIATIONS = 50
SECONDS, QUICK = 30.0, 3.0
AT_REST_S = 20.0
SILENT_S = 40.0
"""Less than the silence for which the node ends an association."""


def main() -> None:
    """Print both shares of one processor; write them too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--quick", dest="seconds", action="store_const", const=QUICK)
    parser.add_argument("--roles", nargs="*", default=[], help="only these roles of the node")
    arguments = parser.parse_args()
    whole = arguments.seconds >= SECONDS and not arguments.roles
    run = begun("idle", "A node that has nothing to do", "make bench-idle", whole=whole)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        roles = [word for role in arguments.roles for word in ("--role", role)]

        def node(root: Path, port: int) -> list[str]:
            return [*whole_node(root, port), *roles]

        receiver = ends.enter_context(listening("senoscope", node, Path(folder) / "node"))
        wait_until_ready(receiver.folder)
        time.sleep(AT_REST_S)  # until what was started along with the engines is at rest
        nothing = _share(receiver, arguments.seconds)
        ae = AE("SENDER")
        ae.add_requested_context("1.2.840.10008.1.1")
        for _ in range(ASSOCIATIONS):
            association = ae.associate(HOST, receiver.port, ae_title=CALLED)
            if not association.is_established:
                raise SystemExit("the node does not answer: it is not measured")
            ends.callback(association.abort)
        time.sleep(1)
        silent = _share(receiver, min(arguments.seconds, SILENT_S))
    shares = {"nothing open": nothing, f"{ASSOCIATIONS} silent associations": silent}
    rows = [
        {"what": what, "of one processor": f"{share:.2%}", "wanted": f"under {WANTED:.0%}"}
        for what, share in shares.items()
    ]
    told = "; ".join(f"{share:.1%}" for share in shares.values())
    figures = {f"idle node, of one processor; with {ASSOCIATIONS} silent associations": told}
    run.write(run.made() + table(rows), figures, rows=rows)


def _share(receiver: Receiver, seconds: float) -> float:
    before, started = receiver.processor_seconds(), time.monotonic()
    time.sleep(seconds)
    return (receiver.processor_seconds() - before) / (time.monotonic() - started)


if __name__ == "__main__":
    main()
