"""Where what the node knows and keeps is, and for how long."""

from typing import Self

from pydantic import Field, model_validator
from sqlalchemy import URL, exc, make_url

from service.errors import BadConfigurationError
from service.sections.section import Section

_SQLITE, _POSTGRESQL = ("sqlite", "sqlite+pysqlite"), "postgresql+psycopg"
_EITHER = f"write {_POSTGRESQL}://user@host/name, or leave it out for SQLite in data_dir"


class LedgerSection(Section):
    """Where the ledger is."""

    url: str = ""
    """Empty: SQLite in `data_dir`; else postgresql+psycopg://..."""
    password_file: str = ""
    """The file with the password of PostgreSQL, where the URL shall not hold it."""

    @model_validator(mode="after")
    def _password_has_a_server(self) -> Self:
        if self.password_file and not self.url:
            raise ValueError("password_file without url: SQLite asks for no password")
        return self


def database_url(url: str) -> URL:
    """Return `url` read; its database is one that a ledger can be in.

    Raises:
        BadConfigurationError: if it is none, or what speaks to it is not installed.
    """
    try:
        read = make_url(url)
    except (exc.ArgumentError, ValueError):  # the text may hold a password
        raise BadConfigurationError(f"ledger.url: no URL of a database: {_EITHER}") from None
    if read.drivername in _SQLITE:
        return read
    if read.drivername != _POSTGRESQL:
        raise BadConfigurationError(f"ledger.url: not {read.drivername}://: {_EITHER}")
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise BadConfigurationError(
            "ledger.url: psycopg is missing: pip install 'senoscope[postgresql]'"
        ) from None
    return read


class SpoolSection(Section):
    """Where images and results are kept."""

    url: str = ""
    """Empty: in `data_dir`; else s3://bucket/prefix."""
    endpoint: str = ""
    """Of another S3 server than Amazon's: https://host:port."""


class Disk(Section):
    """How much room must stay on the disk."""

    low_water_mb: int = Field(default=1024, ge=1)
    """Below this, images are refused with A700H, so that the sender keeps them."""
    quarantine_mb: int = Field(default=1024, ge=0)
    """Refused objects that are kept for people to look at; beyond that the oldest goes."""


class Retention(Section):
    """How long bytes are kept of what is done with; the ledger's rows stay."""

    received_days: int = Field(default=30, ge=0)
    """Of images whose study is judged, processed and delivered; 0: for ever."""
    results_days: int = Field(default=30, ge=0)
    """Of results that every destination has; 0: for ever."""
    room_mb: int = Field(default=1024, ge=0)
    """With less room than this above `disk.low_water_mb`, the oldest studies that are done with go
    before their time; 0: they do not."""
    routes_versions: int = Field(default=50, ge=1)
    """Texts of `routes.toml` that were in force and are kept in the ledger, the newest ones."""


class Security(Section):
    """What must stay secret."""

    site_key_file: str = ""
    """Empty: made once in `data_dir`."""
