"""Routes that are for what no other route takes: a pure question."""

from collections.abc import Sequence
from dataclasses import replace

from service.router.match import Match


def fallen_back(found: Sequence[Match]) -> list[Match]:
    """Return `found` with the fall-back routes not taken where another route is."""
    others = [one.route.name for one in found if not one.why_not and not one.route.fallback]
    if not others:
        return [*found]
    reason = f"it is for what no other route takes, and {' and '.join(others)} does"
    return [
        replace(one, why_not=reason) if one.route.fallback and not one.why_not else one
        for one in found
    ]
