"""All that a node needs, looked at one by one: what is down hides nothing of the rest."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from engines.card import CardError
from engines.plans.manifest import PlanError
from service.canary.door import knock
from service.checks import Check, made, tried
from service.clock import now
from service.console.oidc_made import provider_of
from service.errors import BadConfigurationError, NodeError, UnavailableError
from service.ledger.canary import CanaryRun, Phase
from service.notify.standing import standing
from service.parts import Parts
from service.queue.made import queue_of
from service.readiness import (
    broker_answers,
    clock_is_right,
    destination_answers,
    devices_compute_rightly,
    disk_has_room,
    files_are_there,
    ledger_answers,
    routes_in_force,
    spool_answers,
    told_of_clock,
    worker_is_there,
)
from service.tls import Files as TlsFiles
from service.tls import not_after

SOON_DAYS = 30
"""A certificate that is valid for fewer is pointed out."""
AT_A_TIME = 8
ANOTHER_S, AGAIN_S = 30.0, 1.0
"""How long another canary is waited for, and how often it is asked."""
PHANTOM, SIGN_ON = "phantom study", "single sign-on"
NEEDED = ("disk", "spool", "ledger", "broker", "worker", "node")
"""Without these a phantom study goes nowhere: it is not sent, as the fault is known."""

Make = Callable[[], Check]


@dataclass(frozen=True)
class Checkup:
    """Looks at the node of some settings, whether it runs or not."""

    parts: Parts

    def run(self) -> Iterator[Check]:
        """Yield what each check found; the phantom study comes last."""
        found = []
        for name, check in self.checks().items():
            found.append(made(name, check))
            yield found[-1]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            yield from pool.map(lambda one: made(*one), self._others().items())
        broken = [one.name for one in found if not one.ok and one.name in NEEDED]
        if broken:
            detail = f"not sent: first mend {', '.join(broken)}"
            yield Check(PHANTOM, ok=False, detail=detail)
            return
        yield made(PHANTOM, self.phantom_comes_through)

    def checks(self) -> Mapping[str, Make]:
        """Return what is looked at on this host, and of what the node itself is made of."""
        parts = self.parts
        found: dict[str, Make] = {
            "routes": lambda: routes_in_force(parts.routes),
            "disk": lambda: disk_has_room(parts.received, parts.low_water),
            "spool": lambda: spool_answers(parts.received),
            "ledger": lambda: ledger_answers(parts.ledger),
            "clock": self.clock_is_right,
            "broker": lambda: broker_answers(queue_of(parts.settings)),
            "worker": lambda: worker_is_there(parts.ledger),
            "devices": lambda: devices_compute_rightly(parts.ledger),
            "node": self.node_listens,
            "files": lambda: files_are_there(parts.ledger, parts.received),
        }
        if parts.settings.tls_files is not None:
            found["dicom tls"] = partial(_tls_is_valid, "dicom tls", parts.settings.tls_files)
        if parts.settings.http_tls_files is not None:
            found["http tls"] = partial(_tls_is_valid, "http tls", parts.settings.http_tls_files)
        for name in parts.in_use():
            found[f"model of {name}"] = partial(self.model_is_whole, name)
        for name, fault in parts.pipelines.broken.items():
            found[f"model {name}"] = partial(Check, f"model {name}", ok=False, detail=fault)
        return found

    def _others(self) -> Mapping[str, Make]:
        """Return what is looked at elsewhere: it may take long, so all at once."""
        parts = self.parts
        found: dict[str, Make] = {
            f"notify {name}": partial(self.people_are_told, name) for name in parts.channels
        }
        if parts.settings.oidc.issuer:
            found[SIGN_ON] = self.provider_answers
        try:
            destinations = parts.destinations()
        except BadConfigurationError:  # the routes say so
            return found
        for name, there in destinations.items():
            found[f"destination {name}"] = partial(destination_answers, name, there.target)
        return found

    def provider_answers(self) -> Check:
        """Does the provider by which people sign in answer as one?"""
        provider = provider_of(self.parts.settings)
        if provider is not None:
            provider.ask()
        return Check(SIGN_ON, ok=True, detail=f"{self.parts.settings.oidc.issuer} answers")

    def clock_is_right(self) -> Check:
        """Does the clock go as the ledger's, and did it never go further?"""
        found = clock_is_right(self.parts.ledger)
        return found if not found.ok else told_of_clock(self.parts.ledger.behind_received())

    def node_listens(self) -> Check:
        """Does anybody listen where modalities send?"""
        door = self.parts.canary_door
        fine = f"listens on {door.address.host}:{door.address.port}"
        return tried("node", partial(knock, door), fine)

    def model_is_whole(self, pipeline: str) -> Check:
        """Are the weights those of their cards, and the plans that were built of them whole?"""
        name = f"model of {pipeline}"
        try:
            cards = self.parts.checked_cards(pipeline)
        except CardError as error:
            return Check(name, ok=False, detail=str(error))
        for card in cards:
            for plan in self.parts.plans.known(card.name, card.version):
                if isinstance(plan, PlanError):
                    return Check(name, ok=False, detail=f"bad plan: {plan}")
        detail = f"{', '.join(f'{card.name} {card.version}' for card in cards)}, sha256 right"
        return Check(name, ok=True, detail=detail)

    def people_are_told(self, channel: str) -> Check:
        """Does what people are told by that channel arrive?"""
        return standing(channel, self.parts.channels[channel], self.parts.ledger, now())

    def phantom_comes_through(self) -> Check:
        """Does a phantom study come through the node, and is what comes out right?"""
        canary, until = self.parts.canary(), time.monotonic() + ANOTHER_S
        while (run := canary.run("check")) is None:
            if time.monotonic() > until:
                raise UnavailableError(f"another canary is under way for {ANOTHER_S:.0f} s")
            time.sleep(AGAIN_S)
        return told_of(run)


def told_of(run: CanaryRun) -> Check:
    """Return what a canary says of the node, its phases in words."""
    if run.phase.is_failure:
        return Check(PHANTOM, ok=False, detail=f"failed at {run.phase}: {run.reason}")
    if run.phase is Phase.BUSY:
        return Check(PHANTOM, ok=True, detail=f"waits behind other work: {run.reason}")
    spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in run.seconds.items())
    return Check(PHANTOM, ok=True, detail=f"came through, its pixels are right; seconds: {spent}")


def _tls_is_valid(name: str, files: TlsFiles) -> Check:
    try:
        files.context()
        days = (not_after(files.cert, files.key) - now()).days
    except NodeError as error:
        return Check(name, ok=False, detail=str(error))
    who = "mutual" if files.ca else "any peer"
    hurry = ": renew it soon" if days < SOON_DAYS else ""
    detail = f"{files.profile}, {who}; {files.cert} is valid for {days} days{hurry}"
    return Check(name, ok=True, detail=detail)
