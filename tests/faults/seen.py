"""What is broken, one thing at a time, and where people see it: ``python -m faults.seen``.

It writes docs/faults-seen.md. Alerts wait 2 s here, not as long as is shipped; what they wait for
is tested in tests/metrics/test_rules.py.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from peers.programs import until

from faults.watched import ROUTER, WORKER, Hospital, hospital

PAGE = Path(__file__).parents[2] / "docs/faults-seen.md"
SEEN_S, HEALED_S = 180.0, 240.0
HEAD = """\
# What breaks, and where it is seen

Made by `make faults-seen`, which breaks one thing at a time in a node of three processes (listener
and console; router and delivery; a worker) with PostgreSQL, Redis, a PACS and a Prometheus, all
real, on one machine, and mends it again. Alerts waited 2 s there instead of the minutes that
`deploy/prometheus/rules/senoscope.yml` says, which `tests/metrics/test_rules.py` tests. *Healed*:
from the mending, by itself, until the alert was over, `/readyz` said yes and an image that was sent
then had gone all the way. Who was killed is started again then, as systemd would. Research use
only.

Run on {date} at {commit}, on 2 cores with others at work on them: the seconds are an upper bound.

| what | metric | alert | `/readyz` says | the log says | seen after | healed after |
| --- | --- | --- | --- | --- | --- | --- |
"""
LONGEST = 160


@dataclass(frozen=True)
class Fault:
    """Something that breaks, and what is to tell of it."""

    name: str
    strike: Callable[[Hospital], object]
    heal: Callable[[Hospital], object]
    series: str
    """Prometheus's expression that holds then."""
    alert: str
    said: str
    """What stands in the log then: a regular expression."""
    check: str = ""
    """That of /readyz which does not hold then; empty: the node can take work all the same."""


@dataclass(frozen=True)
class Seen:
    """What was seen of a fault."""

    fault: Fault
    detail: str
    line: str
    seen_s: float
    healed_s: float

    @property
    def row(self) -> str:
        """Return its row of the table."""
        check = f"`{self.fault.check}`: {self.detail}" if self.fault.check else "ready"
        alert = f"[{self.fault.alert}](runbooks/{self.fault.alert}.md)"
        cells = [
            self.fault.name,
            f"`{self.fault.series}`",
            alert,
            check,
            self.line,
            f"{self.seen_s:.0f} s",
            f"{self.healed_s:.0f} s",
        ]
        return f"| {' | '.join(cells)} |\n"


def pacs_away(there: Hospital) -> None:
    """Stop the PACS, and owe it something."""
    there.pacs.stop()
    assert there.send()


FAULTS = (
    Fault(
        "Redis is down",
        lambda there: there.redis.kill(),
        lambda there: there.redis.start(),
        'senoscope_ready{check="broker"} == 0',
        "SenoscopeBrokerDown",
        "broker|redis",
        "broker",
    ),
    Fault(
        "PostgreSQL is down",
        lambda there: there.postgres.crash(),
        lambda there: there.postgres.recover(),
        'senoscope_ready{check="ledger"} == 0',
        "SenoscopeLedgerDown",
        "ledger: ",
        "ledger",
    ),
    Fault(
        "the PACS is down",
        pacs_away,
        lambda there: there.pacs.start(),
        'senoscope_destination_up{destination="pacs"} == 0',
        "SenoscopeDestinationDown",
        "pacs: nothing can be sent",
    ),
    Fault(
        "the worker is killed",
        lambda there: there.node.end(WORKER),
        lambda there: there.node.again(WORKER),
        'senoscope_ready{check="worker"} == 0',
        "SenoscopeNoWorker",
        "",
        "worker",
    ),
    Fault(
        "router and delivery are killed",
        lambda there: there.node.end(ROUTER),
        lambda there: there.node.again(ROUTER),
        'absent(senoscope_processes{role="router"})',
        "SenoscopeRoleMissing",
        "",
    ),
    Fault(
        "the disk is full",
        lambda there: (there.disk.fill(), there.send()),
        lambda there: there.disk.empty(),
        'senoscope_ready{check="disk"} == 0',
        "SenoscopeDiskFull",
        "the disk of the spool is full",
        "disk",
    ),
    Fault(
        "a clock is five minutes behind",
        lambda there: there.set_clock_back(),
        lambda there: there.set_clock_right(),
        'absent(senoscope_processes{role="router"})',
        "SenoscopeRoleMissing",
        "the clock of this process",
    ),
    Fault(
        "the weights of a model are altered",
        lambda there: there.alter_model(),
        lambda there: there.mend_model(),
        'senoscope_ready{check="worker"} == 0',
        "SenoscopeNoWorker",
        "the worker is not ready",
        "worker",
    ),
    Fault(
        "routes.toml is spoilt",
        lambda there: there.spoil_routes(),
        lambda there: there.mend_routes(),
        "senoscope_config_reload_ok == 0",
        "SenoscopeRoutesRefused",
        "the routes in force stay",
        "routes",
    ),
)


def break_and_mend(there: Hospital, fault: Fault) -> Seen:
    """Return what was seen of that fault, having waited until all was well again."""
    log, before = there.node.log, there.node.log.stat().st_size
    began = time.monotonic()
    fault.strike(there)

    def says() -> str:
        lines = log.read_bytes()[before:].decode(errors="replace").splitlines()
        found = [line for line in lines if re.search(fault.said, line)] if fault.said else [""]
        return found[0] if found else ""

    until(lambda: there.prometheus.asked(fault.series), SEEN_S, 0.5, log.read_text)
    until(lambda: fault.alert in there.prometheus.firing(), SEEN_S, 0.5, there.prometheus.firing)
    if fault.said:
        until(says, SEEN_S, 0.5, log.read_text)
    checks = there.node.checks()
    detail = checks[fault.check][1] if fault.check else ""
    assert all(ok for name, (ok, _) in checks.items() if not fault.check), checks
    assert not fault.check or not checks[fault.check][0], checks
    seen = time.monotonic()
    fault.heal(there)
    healed(there, fault.alert)
    now = time.monotonic()
    return Seen(fault, plain(detail), told(says()), seen - began, now - seen)


def healed(there: Hospital, alert: str) -> None:
    """Wait until the alert is over, the node is ready, and an image that is sent arrives."""
    until(lambda: there.node.answers("/readyz"), HEALED_S, 0.5, there.node.log.read_text)
    until(lambda: alert not in there.prometheus.firing(), HEALED_S, 0.5)
    until(there.send, HEALED_S, 2, there.node.log.read_text)
    uid = there.newest
    until(lambda: there.arrived(uid), HEALED_S, 0.5, there.node.log.read_text)


def told(line: str) -> str:
    """Return what a line of the log says, for the table."""
    is_json = line.startswith("{")
    return f"*{plain(json.loads(line)['event'])}*" if is_json else "(nothing: it is gone)"


def plain(text: str) -> str:
    """Return `text` without what is another's at the next run, and short."""
    (first, *_) = re.split(r"\\n|\n", text)
    text = re.sub(r"/tmp/senoscope-\w+-\w+/", "", first)  # noqa: S108 - its own folder
    text = re.sub(r"(127\.0\.0\.1(?::|\"?, port ))\d+", r"\1PORT", text).replace("|", "/")
    return text if len(text) < LONGEST else f"{text[:LONGEST]} ..."


def main(names: Sequence[str] = ()) -> None:
    """Break everything once, or what is named, and write the page if it was everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=names, help="parts of faults' names")
    only = parser.parse_args().only
    chosen = [one for one in FAULTS if not only or any(name in one.name for name in only)]
    rows = []
    temporary = tempfile.TemporaryDirectory(prefix="senoscope-seen-")
    with temporary as folder, hospital(Path(folder)) as there:
        for fault in chosen:
            rows.append(break_and_mend(there, fault).row)
            sys.stdout.write(rows[-1])
            sys.stdout.flush()
    if not only:
        commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True)
        head = HEAD.format(date=time.strftime("%Y-%m-%d"), commit=commit.strip())
        PAGE.write_text(head + "".join(rows))


if __name__ == "__main__":
    main()
