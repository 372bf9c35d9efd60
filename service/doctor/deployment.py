"""How a node is set up: its settings without secrets, its routes without values, its models."""

from collections.abc import Iterator, Mapping
from typing import Any

from engines.card import Card, CardError
from engines.plans.manifest import Manifest, PlanError
from engines.plans.store import PlanStore
from engines.shelf import everything, verify
from service.doctor.masking import without_secrets
from service.router.routes import Routes
from service.settings import Settings

_SHOWN_OF_WHEN = ("keyword", "path", "present", "group")
"""What may be told of a condition: a value in it could be a patient's."""


def settings_of(settings: Settings) -> object:
    """Return the settings in force, by section, without what is secret."""
    told = without_secrets(settings.model_dump(mode="json"))
    return {**told, "base": str(settings.base)} if isinstance(told, dict) else told


def routes_of(routes: Routes) -> Mapping[str, object]:
    """Return routes and destinations, without the values that conditions compare with."""
    written = routes.model_dump(mode="json", exclude_defaults=True)
    return {**written, "routes": [_route(one) for one in written.get("routes", ())]}


def names_of(routes: Routes) -> Iterator[str]:
    """Yield the AE titles and hosts of others."""
    for one in routes.destinations.values():
        yield from (one.ae_title, one.host)
    for route in routes.routes:
        yield from (title for title in route.calling if "*" not in title)


def shelf_of(settings: Settings) -> Mapping[str, object]:
    """Return what lies on the shelves, whether each is whole, and how it fared here."""
    store = PlanStore(settings.plans)
    found = {}
    for folder, card in everything(settings.shelves):
        about = _card(card, store) if isinstance(card, Card) else {"broken": str(card)}
        found[f"{folder.parent.name} {folder.name}"] = about
    return found


def _card(card: Card, store: PlanStore) -> Mapping[str, object]:
    weights = "sha256 right"
    try:
        verify(card)
    except CardError as error:
        weights = str(error)
    fared = [_fared(one) for one in store.known(card.name, card.version)]
    return {"task": card.task, "precisions": card.precisions, "weights": weights, "fared": fared}


def _fared(known: Manifest | PlanError) -> object:
    if not isinstance(known, Manifest):
        return {"refused": str(known)}
    seen = known.verification
    verified = None if seen is None else {"passed": seen.passed, "psnr": seen.psnr}
    return {"backend": known.fingerprint.backend, "verification": verified}


def _route(route: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = {key: value for key, value in route.items() if key not in {"when", "study_when"}}
    for key in {"when", "study_when"} & route.keys():
        kept[key] = [_condition(one) for one in route[key]]
    return kept


def _condition(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    shown = {key: value for key, value in condition.items() if key in _SHOWN_OF_WHEN}
    return {**shown, "compares": sorted(condition.keys() - shown.keys())}
