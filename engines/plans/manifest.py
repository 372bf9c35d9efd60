"""What is written down beside a plan: what it is for, who made it when, and how it fared."""

import hashlib
from collections.abc import Iterator
from typing import Literal

from pydantic import AwareDatetime, Field

from engines.card import Card, Record
from engines.engine import UnusableError
from engines.verification import Verification, intolerable

SHA256 = r"^[0-9a-f]{64}$"


class PlanError(UnusableError):
    """There is no such plan, or none that may be used; the message names the file and the fault."""


class NoPlanError(PlanError):
    """There is no such plan."""


class Fingerprint(Record):
    """What must be equal, all of it, for a plan or a verification to hold.

    `weights` is the SHA-256 of the card's file, which holds them all; `library` what runs them, and
    its version; `machine` the processor; `recipe` all else that decides what is computed.
    """

    name: str
    version: str
    backend: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    weights: str = Field(pattern=SHA256)
    window: tuple[int, ...]
    library: str
    machine: str
    recipe: str = ""

    @property
    def key(self) -> str:
        """The SHA-256 of it all, in hexadecimal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def differences(self, other: "Fingerprint") -> Iterator[str]:
        """Yield in which ways `other` is for something else."""
        for field in type(self).model_fields:
            wanted, there = getattr(self, field), getattr(other, field)
            if wanted != there:
                yield f"{field} {there!s}, not {wanted!s}"


class Circumstances(Record):
    """What may change under a plan: then it still loads, but must be verified again."""

    driver: str = ""
    cuda: str = ""
    memory: str = ""


class PlanFile(Record):
    """A file, so that it is known again; its size is in bytes."""

    sha256: str = Field(pattern=SHA256)
    size: int = Field(ge=0)


class Manifest(Record):
    """All that is known about a plan; without a file it is of a back end that needs none."""

    schema_version: Literal[1] = 1
    fingerprint: Fingerprint
    circumstances: Circumstances = Circumstances()
    built_at: AwareDatetime
    built_by: str
    seconds: float = Field(ge=0)
    plan: PlanFile | None = None
    verification: Verification | None = None
    verified_under: Circumstances | None = None

    def verified(self, verification: Verification, under: Circumstances) -> "Manifest":
        """Return the manifest with that verification in place of an earlier one."""
        return self.model_copy(update={"verification": verification, "verified_under": under})

    def objection(self, card: Card, circumstances: Circumstances) -> str | None:
        """Return why it may not serve `card` here and now, None if it may."""
        if self.verification is None or self.verified_under is None:
            return "it was never verified"
        if not self.verification.passed:
            return f"it did not pass verification: {self.verification.reason}"
        if (reason := intolerable(self.verification, card)) is not None:
            return f"the card tolerates less than it was verified for: {reason}"
        if self.verified_under != circumstances:
            then, now = _told(self.verified_under), _told(circumstances)
            return f"it was verified under {then}, this is {now}: it must be verified again"
        return None


def _told(circumstances: Circumstances) -> str:
    told = [f"{name} {value}" for name, value in circumstances.model_dump().items() if value]
    return ", ".join(told) or "circumstances unknown"
