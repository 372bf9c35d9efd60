"""What a node costs that has nothing to do: with no association, and with 50 that are silent.

    make bench-idle [ARGS="--seconds 30"]

The whole family counts: `senoscope serve`, its worker and the worker's child. No canaries are sent:
what one of them costs once in five minutes would fall into one of the two spans (docs/canary.md).

Beside it: what a question to SQLite costs a process that just asked one, and one that slept for two
seconds. Where a machine's host takes memory away that rests, the second is a hundred times the
first, and all that a node does every second costs that much more.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import sqlalchemy as sa
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
RESTED_S = 2.0
TRIES = 9


def main() -> None:
    """Print both shares of one processor; write them too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--quick", dest="seconds", action="store_const", const=QUICK)
    parser.add_argument("--roles", nargs="*", default=[], help="only these roles of the node")
    arguments = parser.parse_args()
    whole = arguments.seconds >= SECONDS and not arguments.roles
    run = begun("idle", "A node that has nothing to do", "make bench-idle", whole=whole)
    with tempfile.TemporaryDirectory() as folder:
        shares = _shares(Path(folder), arguments.seconds, arguments.roles)
        at_once, rested = (_question_ms(Path(folder), rest_s) for rest_s in (0.0, RESTED_S))
    rows = [
        {"what": what, "of one processor": f"{share:.2%}", "wanted": f"under {WANTED:.0%}"}
        for what, share in shares.items()
    ]
    text = (
        f"\n\nA question to SQLite costs another process here {at_once:.2f} ms of the processor; "
        f"after {RESTED_S:.0f} s of sleep {rested:.2f} ms.\n"
    )
    figures = {
        f"idle node, of one processor; with {ASSOCIATIONS} silent associations": "; ".join(
            f"{share:.1%}" for share in shares.values()
        ),
        "... a question to SQLite on that machine: at once; after 2 s of sleep": (
            f"{at_once:.2f}; {rested:.2f} ms"
        ),
    }
    run.write(run.made() + table(rows).rstrip() + text, figures, rows=rows)


def _shares(folder: Path, seconds: float, only: Sequence[str]) -> dict[str, float]:
    """Return what a node of these roles takes, with nothing open and with silent associations."""
    roles = [word for role in only for word in ("--role", role)]

    def node(root: Path, port: int) -> list[str]:
        return [*whole_node(root, port), *roles]

    with ExitStack() as ends:
        receiver = ends.enter_context(listening("senoscope", node, folder / "node"))
        wait_until_ready(receiver.folder)
        time.sleep(AT_REST_S)  # until what was started along with the engines is at rest
        nothing = _share(receiver, seconds)
        ae = AE("SENDER")
        ae.add_requested_context("1.2.840.10008.1.1")
        for _ in range(ASSOCIATIONS):
            association = ae.associate(HOST, receiver.port, ae_title=CALLED)
            if not association.is_established:
                raise SystemExit("the node does not answer: it is not measured")
            ends.callback(association.abort)
        time.sleep(1)
        silent = _share(receiver, min(seconds, SILENT_S))
    return {"nothing open": nothing, f"{ASSOCIATIONS} silent associations": silent}


def _share(receiver: Receiver, seconds: float) -> float:
    before, started = receiver.processor_seconds(), time.monotonic()
    time.sleep(seconds)
    return (receiver.processor_seconds() - before) / (time.monotonic() - started)


def _question_ms(folder: Path, rest_s: float) -> float:
    """Return how much of the processor a question takes of who rests for so long before it."""
    engine = sa.create_engine(f"sqlite:///{folder / 'probe.sqlite'}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE IF NOT EXISTS rows AS SELECT 1 AS value"))
    spent = []
    for _ in range(TRIES):
        time.sleep(rest_s)
        began = time.thread_time()
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT value FROM rows")).all()
        spent.append(time.thread_time() - began)
    engine.dispose()
    return median(spent) * 1000


if __name__ == "__main__":
    main()
