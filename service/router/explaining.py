"""What becomes of an image under each route, and what stands against it: a pure question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydicom import Dataset

from service.errors import BadObjectError
from service.ledger.records import Decision, Instance
from service.router.circumstances import Headers, closed, over_limits
from service.router.judge import OURS, Judge
from service.router.match import Match


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route makes of an image with one of its pipelines, or why it does not take it."""

    route: str
    """Empty where it is no question of routes."""
    pipeline: str
    """Empty where the route does not take the image, or only passes it on."""
    taken: bool
    reason: str


def for_study(judge: Judge, headers: Headers) -> Judge:
    """Return `judge` for images of the study with these headers, nothing of it judged before."""
    routes = judge.routes.routes
    about = replace(judge.about, closed=closed(routes, headers, judge.show))
    judge = replace(judge, about=about)
    return replace(judge, about=replace(about, over=over_limits(routes, headers, judge)))


def explained(judge: Judge, instance: Instance, header: Dataset) -> list[Answer]:
    """Return what each route makes of the image, in the order they are written."""
    decisions = [decision for decision, _ in judge.judge(instance, header)]
    found = _matched(judge, instance, header)
    if not found or decisions[0].reason == OURS:
        return [_answer(one) for one in decisions]
    return list(_of_routes(found, decisions))


def _matched(judge: Judge, instance: Instance, header: Dataset) -> list[Match]:
    try:
        return judge.matched(header, instance.calling_ae_title)
    except BadObjectError:  # the decision says so
        return []


def _of_routes(found: Sequence[Match], decisions: Sequence[Decision]) -> Iterator[Answer]:
    for match in found:
        mine = [_answer(one) for one in decisions if one.route == match.route.name]
        yield from mine or [Answer(match.route.name, "", taken=False, reason=match.why_not)]


def _answer(decision: Decision) -> Answer:
    return Answer(decision.route, decision.pipeline, decision.taken, decision.reason)
