"""Studies an hour from end to end, and how long each takes, on the CPU of this machine.

    make bench-studies                          about ten minutes on two idle cores
    make bench-studies ARGS="--quick"           one minute, small images

A study is four full-field views, sent by dcmtk's storescu; its results are to be acknowledged by
dcmtk's storescp. A whole node takes it (`senoscope serve`, with SQLite), and beside it, in turns,
two scripts that are no node: its own recipe in a loop, which says what the node costs, and what a
researcher might write, with ONNX Runtime. A turnaround is from the last image received to the last
result acknowledged: the node's as its ledger notes it, a script's from the files being there.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
from support.node import wait_until_ready, whole_node
from support.receivers import listening
from support.results import Run, begun, table
from support.scripts import own_recipe, plain_script
from support.stamped import StampedStudy
from support.starting import now
from support.turns import VIEWS, Node, Peers, Script, StoreScp, Turn

from pipelines.phantom import Exposure, study
from service.ledger.sql import open_ledger

ALONE, BACKLOG = "node, one study at a time", "node, a backlog"
RECIPE, SCRIPT = "its recipe in a loop", "script with ONNX Runtime"
ROUNDS = 3
BUDGET_S = 1200.0
"""After this no new round begins, but the first that counts."""
STUDIES = {ALONE: 4, BACKLOG: 6, RECIPE: 3, SCRIPT: 2}
"""Of each in a round."""
QUICK = dict.fromkeys(STUDIES, 2)
PER_HOUR = "studies an hour"
ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}

[[routes]]
name = "screening"
complete = {{ views = ["RCC", "LCC", "RMLO", "LMLO"], quiet_s = 30 }}
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""
LACKS = """\
The recipe in a loop makes the same results, in files that `storescu` sends when a study's are all
there. It has no queue and no ledger, syncs nothing, does one thing at a time, and knows after a
crash neither what it had nor what it sent. The script with ONNX Runtime (fp32, the network as
published, tiles of 256) does less besides: it enlarges, and writes and sends pixels uncompressed
in the header as it came, with no report of quality, no provenance and no regard to the background.
The node has nothing to do while they work. Seconds of processor are those of the node and its
children, or of the script and its `storescu`; of neither the modality nor the PACS. Where others
use the machine, they say more than the hours.
"""


Ways = Mapping[str, Callable[[int], Turn]]


def main() -> None:
    """Let all take turns; print and write what it came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds, counts = (1, QUICK) if quick else (ROUNDS, STUDIES)
    exposure = Exposure() if quick else Exposure(rows=4096, columns=3328)
    run = begun("studies", "Studies from end to end", "make bench-studies", whole=not quick)
    turns: dict[str, list[Turn]] = {name: [] for name in counts}
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="bench-studies-")))
        ways = _ways(exposure, folder, held)
        for number in rounds_within(rounds, time.monotonic):
            for name, way in ways.items():
                turn = way(counts[name] if number else 1)  # a first study warms up
                told = f"{turn.seconds / len(turn.turnarounds):.1f} s a study"
                print(f"round {number}: {name}: {told}", flush=True)
                if number:
                    turns[name].append(turn)
    _write(run, exposure, turns)


def rounds_within(rounds: int, clock: Callable[[], float]) -> Iterator[int]:
    """Yield 0, a round that warms up, then 1 and as many of the others as there is time for."""
    until = clock() + BUDGET_S
    for number in range(rounds + 1):
        if number > 1 and clock() > until:
            print(f"the time is over after {number - 1} of {rounds} rounds", flush=True)
            return
        yield number


def _ways(exposure: Exposure, folder: Path, held: ExitStack) -> Ways:
    """Return those that take turns, started."""
    pacs, inbox = StoreScp(folder / "pacs"), StoreScp(folder / "inbox")
    for server in (pacs, inbox):
        server.start()
        held.callback(server.kill)
    peers = Peers(StampedStudy(study(exposure), folder / "sent"), pacs)
    command = partial(whole_node, routes=ROUTES.format(pacs=pacs.port))
    receiver = held.enter_context(listening("senoscope", command, folder / "node"))
    wait_until_ready(receiver.folder)
    ledger = open_ledger(f"sqlite:///{receiver.folder / 'data/ledger.sqlite'}", now)
    held.callback(ledger.close)
    node = Node(peers, receiver, ledger)
    return {
        ALONE: node.alone,
        BACKLOG: node.backlog,
        RECIPE: Script(peers, inbox, own_recipe(), 2).turn,
        SCRIPT: Script(peers, inbox, plain_script(folder), 1).turn,
    }


def _write(run: Run, exposure: Exposure, turns: Mapping[str, Sequence[Turn]]) -> None:
    rows = [_row(name, of) for name, of in turns.items()]
    alone, backlog, recipe, script = rows
    size = f"{exposure.rows} x {exposure.columns}"
    ratios = {
        name: f"{float(backlog[PER_HOUR]) / float(peer[PER_HOUR]):.2f} x"
        for name, peer in ((RECIPE, recipe), (SCRIPT, script))
    }
    told = "\n".join(f"- {BACKLOG}, to {name}: {one}" for name, one in ratios.items())
    of = f"A study is {VIEWS} views of {size}; super-resolution; rounds: {len(turns[ALONE])}."
    text = f"{run.made()}{of}\n\n{table(rows)}\n\nStudies an hour:\n\n{told}\n\n{LACKS}"
    figures = {
        f"studies of {VIEWS} views of {size} an hour, end to end": f"{backlog[PER_HOUR]}",
        "... one at a time: last image received to last result acknowledged, p50, p95, p99": (
            f"{alone['p50, s']}, {alone['p95, s']}, {alone['p99, s']} s"
        ),
        **{f"... studies an hour, to {name}": one for name, one in ratios.items()},
    }
    run.write(
        text,
        figures,
        rows=rows,
        turnarounds_s={
            name: [round(one, 2) for turn in of for one in turn.turnarounds]
            for name, of in turns.items()
        },
    )


def _row(name: str, turns: Sequence[Turn]) -> dict[str, object]:
    took = [one for turn in turns for one in turn.turnarounds]
    an_hour = 3600 * len(took) / sum(turn.seconds for turn in turns)
    busy = sum(turn.processor_seconds for turn in turns) / len(took)
    late = np.percentile(took, [50, 95, 99])
    return {
        "way": name,
        "studies": len(took),
        PER_HOUR: round(an_hour),
        "views an hour": round(VIEWS * an_hour),
        **{
            f"p{share}, s": round(float(one), 1)
            for share, one in zip((50, 95, 99), late, strict=True)
        },
        "processor s a study": round(busy, 1),
    }


if __name__ == "__main__":
    main()
