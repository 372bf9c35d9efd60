"""Which of several versions of an object a route looks at: pure questions.

A version is what came under the same SOP Instance UID with other bytes: docs/intake.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from service.ledger.records import Decision, Instance, Job

Policy = Literal["first", "newest"]
"""What of several versions a route looks at."""

LATER = "another version: its SOP Instance UID came before with other bytes, and the first counts"
OLDER = "another version: its SOP Instance UID came again with other bytes, and the newest counts"


def chosen(instances: Iterable[Instance], policy: Policy) -> Mapping[str, Instance]:
    """Return what counts of `instances`, which are in the order they came, by SOP Instance UID.

    Under ``first`` what came first under its UID counts and nothing else, in whatever study.
    """
    return {one.sop_instance_uid: one for one in instances if policy == "newest" or not one.version}


def on(decisions: Iterable[Decision], instances: Mapping[str, Instance]) -> list[Decision]:
    """Return the decisions on just these versions."""
    return [one for one in decisions if _is_on(one, instances)]


def allowed(
    judged: tuple[Decision, Job | None], instances: Mapping[str, Instance]
) -> tuple[Decision, Job | None]:
    """Return what was judged of an image, but not taken if it is none of the versions that count.

    An image that no route takes keeps its reason.
    """
    decision, _ = judged
    if not decision.route or _is_on(decision, instances):
        return judged
    reason = LATER if decision.sop_instance_uid not in instances else OLDER
    there = instances.get(decision.sop_instance_uid)
    if there is not None and not there.version:
        reason = LATER
    return replace(decision, taken=False, reason=reason, job_id=""), None


def versions_of(instances: Sequence[Instance]) -> tuple[str, ...]:
    """Return the version of each; nothing where all came first."""
    versions = tuple(one.version for one in instances)
    return versions if any(versions) else ()


def _is_on(decision: Decision, instances: Mapping[str, Instance]) -> bool:
    there = instances.get(decision.sop_instance_uid)
    return there is not None and there.version == decision.version
