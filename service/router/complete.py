"""When a study is thought to be whole: a pure question."""

from collections.abc import Iterable
from datetime import datetime

from service.ledger.records import Study
from service.router.routes import Complete


def is_complete(
    study: Study, waiting_since: datetime, rules: Iterable[Complete], now: datetime
) -> str | None:
    """Return why the images of `study` can be judged now; None if more of them may come.

    `waiting_since` is when the first image came that is not judged yet. All `rules` must agree: an
    image may take several routes, and each of them wants to see the study whole.
    """
    if study.complete_asked:
        return "an operator said that it is complete"
    reasons = [_met(rule, study, waiting_since, now) for rule in rules]
    if None in reasons:
        return None
    return ", ".join(dict.fromkeys(filter(None, reasons))) or "no route waits for it"


def _met(rule: Complete, study: Study, waiting_since: datetime, now: datetime) -> str | None:
    late = study.undecided < study.instances  # more came after the study was judged
    if rule.views and not late and set(rule.views) <= set(study.views):
        return "all expected views are here"
    if (now - study.last_received_at).total_seconds() >= rule.quiet_s:
        return f"nothing came for {rule.quiet_s:g} s"
    if (now - waiting_since).total_seconds() >= rule.at_most_s:
        return f"the first image waited for {rule.at_most_s:g} s"
    return None
