"""Who works for the node, and how he is woken."""

from typing import Self

from pydantic import Field, model_validator

from service.sections.section import Section


class Queue(Section):
    """Where the broker is."""

    broker: str = ""
    """Empty: embedded, a folder in `data_dir`; else redis://, rediss:// or sentinel://..."""
    master: str = ""
    """The name by which Sentinel knows the master; needed with sentinel://."""
    tls_ca: str = ""
    """The file of the authorities that a rediss:// server's certificate is checked by."""
    password_file: str = ""
    """The file with the password of Redis, where the URL shall not hold it."""


class WorkerSection(Section):
    """What the networks run on."""

    devices: tuple[str, ...] = ("auto",)
    """"cpu", "cuda:0"; "auto" takes what is there."""
    soft_limit_s: int = Field(default=600, ge=1)
    """A job that takes longer is told to end, and counts as crashed."""
    hard_limit_s: int = Field(default=900, ge=2)
    """A job that takes longer is taken away, and its process killed."""

    @model_validator(mode="after")
    def _told_before_killed(self) -> Self:
        if self.soft_limit_s >= self.hard_limit_s:
            raise ValueError("soft_limit_s must be shorter than hard_limit_s")
        return self
