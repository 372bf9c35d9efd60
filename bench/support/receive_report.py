"""What was measured of receiving, for people and for programs."""

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from support.results import Run
from support.senders import Sent

OURS = "senoscope"
WANTED = {
    ("mammograms of 27 MB", "storescp"): 1.0,
    ("mammograms of 27 MB", "Orthanc"): 2.5,
    ("slices of 512 x 512", "Orthanc"): 1.0,
}
"""The least ratio of our speed to theirs: issue 5."""


@dataclass(slots=True)
class Measured:
    """One receiver at one workload with so many senders."""

    workload: str
    receiver: str
    senders: int
    files: int
    size: int
    """Bytes of each file."""
    sent: list[Sent] = field(default_factory=list)

    def add(self, sent: Sent) -> None:
        """Keep one more round."""
        self.sent.append(sent)

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(one.seconds for one in self.sent)

    @property
    def processor_seconds(self) -> float:
        """The median, of the receiver."""
        return statistics.median(one.processor_seconds for one in self.sent)

    @property
    def megabytes_a_second(self) -> float:
        """The files' bytes by the median time, in 1e6."""
        return self.files * self.size / 1e6 / self.seconds

    @property
    def instances_a_second(self) -> float:
        """The files by the median time."""
        return self.files / self.seconds

    @property
    def faults(self) -> list[str]:
        """What went wrong, each thing once."""
        return list(dict.fromkeys(one.fault for one in self.sent if one.fault))


def tell(measured: Measured, sent: Sent) -> None:
    """Print one round as it was."""
    speed = measured.files * measured.size / 1e6 / sent.seconds
    print(
        f"{measured.workload:20} {measured.senders:3} senders  {measured.receiver:20}"
        f"{speed:7.0f} MB/s {measured.files / sent.seconds:7.1f} /s"
        f"  processor {sent.processor_seconds:5.2f} s  {sent.fault}",
        flush=True,
    )


def report(measured: list[Measured], run: Run, rounds: int) -> None:
    """Print the table, and write it."""
    rows = [
        {**asdict(one), "megabytes_a_second": one.megabytes_a_second, "seconds": one.seconds}
        for one in measured
    ]
    text = run.made() + "\n".join([*_head(rounds), *_table(measured)])
    run.write(text, figures_of(measured), rounds=rounds, rows=rows)


def figures_of(measured: list[Measured]) -> dict[str, str]:
    """Return how many times as fast we are as each of the others, for the table of all benches."""
    return dict(_figures(measured))


def _figures(measured: list[Measured]) -> Iterator[tuple[str, str]]:
    ours = {(one.workload, one.senders): one for one in measured if one.receiver == OURS}
    for workload, other in dict.fromkeys((one.workload, one.receiver) for one in measured):
        theirs = [
            one
            for one in sorted(measured, key=lambda one: one.senders)
            if (one.workload, one.receiver) == (workload, other) and other != OURS
        ]
        pairs = [(one, ours.get((workload, one.senders))) for one in theirs]
        ratios = [f"{one.seconds / own.seconds:.1f}" for one, own in pairs if own]
        if ratios:
            senders = ", ".join(str(one.senders) for one in theirs)
            yield (
                f"receiving {workload}, {senders} senders: times as fast as {other}",
                ", ".join(ratios),
            )


def _head(rounds: int) -> list[str]:
    return [
        f"Median of {rounds} rounds in which all take turns. Senoscope syncs file and folder and",
        "commits the row before Success, Orthanc syncs its file, storescp syncs nothing. It has",
        "a process listening for each processor (`dicom.processes`), or the one of the default.",
        "Ratio: Senoscope's speed, with those processes, to theirs.",
        "",
        "| what | senders | receiver | MB/s | instances/s | processor s | ratio | wanted |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]


def _table(measured: list[Measured]) -> list[str]:
    ours = {(one.workload, one.senders): one for one in measured if one.receiver == OURS}
    lines = []
    for one in sorted(measured, key=lambda row: (row.workload, row.senders)):
        own = ours.get((one.workload, one.senders))
        ratio = f"{one.seconds / own.seconds:.2f}" if own and own is not one else ""
        wanted = WANTED.get((one.workload, one.receiver.split(" ")[0]), "")
        lines.append(
            f"| {one.workload} | {one.senders} | {one.receiver} | {one.megabytes_a_second:.0f} |"
            f" {one.instances_a_second:.1f} | {one.processor_seconds:.2f} | {ratio} | {wanted} |"
            + (f" FAULT: {'; '.join(one.faults)}" if one.faults else "")
        )
    return lines
