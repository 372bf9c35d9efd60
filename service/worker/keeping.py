"""From what a pipeline made to results that are kept, and owed to those who accept them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain

from pipelines.kinds import Kind, Made
from service.ledger.records import Result
from service.ledger.spool import Spool

Accepted = Mapping[str, Collection[Kind]]
"""The kinds that each destination is sent."""


def accepted_by(
    destinations: Iterable[str], accepts: Callable[[str], Collection[Kind]]
) -> Accepted:
    """Return what each of `destinations` is sent."""
    return {name: frozenset(accepts(name)) for name in destinations}


def wanted(accepted: Accepted) -> frozenset[Kind]:
    """Return the kinds that anybody is sent."""
    return frozenset(chain.from_iterable(accepted.values()))


def keep(
    made: Iterable[Made], accepted: Accepted, spool: Spool, *, is_failure: bool
) -> list[Result]:
    """Keep what somebody accepts in `spool`, and return the rows of it."""
    return [
        _kept(one, to, spool, is_failure=is_failure)
        for one in made
        if (to := [name for name, kinds in accepted.items() if one.suits(kinds)])
    ]


def _kept(made: Made, send_to: Sequence[str], spool: Spool, *, is_failure: bool) -> Result:
    dataset = made.dataset
    spool.keep_dataset(dataset)
    return Result(
        sop_instance_uid=str(dataset.SOPInstanceUID),
        sop_class_uid=str(dataset.SOPClassUID),
        series_instance_uid=str(dataset.SeriesInstanceUID),
        study_instance_uid=str(dataset.StudyInstanceUID),
        transfer_syntax_uid=str(dataset.file_meta.TransferSyntaxUID),
        size=spool.size(str(dataset.SOPInstanceUID)),
        kind=made.kind,
        send_to=tuple(send_to),
        is_failure=is_failure,
    )
