"""What the router, and people, ask of the ledger."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from service.ledger.completions import Judged
from service.ledger.records import Decision, Instance, Job, Refusal, Study


class Studies(Protocol):
    """What the router reads and writes down, and what people look up."""

    def undecided_studies(self) -> Sequence[Study]:
        """Return the studies with instances that the router has not judged yet, oldest first."""
        ...

    def study(self, study_instance_uid: str) -> Study:
        """Return that study.

        Raises:
            UnknownError: if there is none.
        """
        ...

    def studies(self, limit: int = 100) -> Sequence[Study]:
        """Return the studies received last, newest first."""
        ...

    def instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """Return what was received of that study, in the order it came."""
        ...

    def undecided_instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """Return what of that study the router has not judged yet, in the order it came."""
        ...

    def decide(
        self,
        decisions: Sequence[Decision],
        jobs: Sequence[Job],
        seen: Collection[Instance] = (),
        judged: Judged | None = None,
    ) -> bool:
        """Write down `decisions` and add `jobs` in one transaction; a second time changes nothing.

        The instances they name count as judged, and `judged` says why now. A job whose id is known
        stays as it is. Returns whether it counted: False, and nothing is written, where any of
        `seen`, which was not judged when the router looked, has been judged by another since.
        """
        ...

    def decisions(self, study_instance_uid: str) -> Sequence[Decision]:
        """Return what was decided for each image of that study."""
        ...

    def ask_complete(self, study_instance_uid: str) -> None:
        """Let the router judge that study now, whatever is still expected of it.

        Raises:
            UnknownError: if there is no such study.
        """

    def reopen(self, study_instance_uid: str) -> None:
        """Let the router judge every instance of that study anew; its finished jobs run again.

        Raises:
            UnknownError: if there is no such study.
            RefusedError: if bytes of it are no longer kept.
        """

    def study_counts(self) -> Mapping[str, int]:
        """Return the number of studies: ``receiving`` (something undecided) or ``judged``."""
        ...

    def refusals(self, limit: int = 100) -> Sequence[Refusal]:
        """Return what was refused last, newest first."""
        ...
