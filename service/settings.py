"""What a deployment may choose: `senoscope.toml`, then the environment over it."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

import engines
from service.errors import BadConfigurationError, did_you_mean
from service.secret import read_secret
from service.sections.doors import Console, Dicom, Http
from service.sections.notify import Notify
from service.sections.oidc import Oidc
from service.sections.storage import (
    Disk,
    LedgerSection,
    Retention,
    Security,
    SpoolSection,
    database_url,
)
from service.sections.watch import Canary, Health, Traces
from service.sections.work import Queue, WorkerSection
from service.tls import Files as TlsFiles

PREFIX = "SENOSCOPE_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
DEFAULT_FILE = Path("senoscope.toml")
_SAID = {
    "model_type": "a section: write [{key}] and its keys below",
    "tuple_type": "a list: write it in brackets, [...]",
}
"""What is told in our words, by the type of pydantic's error."""


class Settings(BaseSettings):
    """What a deployment may choose; routes are not here: they are the clinic's."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    data_dir: Path = Path("data")
    routes: Path = Path("routes.toml")
    models: Path | None = None
    """The shelf of this node's own models; None: the folder `models` beside the file."""
    dicom: Dicom = Dicom()
    http: Http = Http()
    console: Console = Console()
    ledger: LedgerSection = LedgerSection()
    queue: Queue = Queue()
    worker: WorkerSection = WorkerSection()
    security: Security = Security()
    canary: Canary = Canary()
    traces: Traces = Traces()
    health: Health = Health()
    disk: Disk = Disk()
    spool: SpoolSection = SpoolSection()
    retention: Retention = Retention()
    notify: Notify = Notify()
    oidc: Oidc = Oidc()

    base: Path = Field(default=Path(), exclude=True)
    """What relative paths are relative to: the folder of the file."""

    own: ClassVar[frozenset[str]] = frozenset({"base"})

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @property
    def own_shelf(self) -> Path:
        """Where models of this node's own lie, if there are any."""
        return self.base / (self.models or "models")

    @property
    def shelves(self) -> tuple[Path, ...]:
        """The model shelves in the order in which they are looked at: own ones come first."""
        own, shipped = self.own_shelf, packaged_models()
        return (own, shipped) if own.resolve() != shipped.resolve() else (own,)

    @property
    def routes_file(self) -> Path:
        """The clinic's routes."""
        return self.base / self.routes

    @property
    def data(self) -> Path:
        """The folder of spool, SQLite ledger, plans and embedded broker."""
        return self.base / self.data_dir

    @property
    def plans(self) -> Path:
        """Where compiled networks are kept, and what verification found."""
        return self.data / "plans"

    @property
    def untrained(self) -> Path:
        """Where networks with weights of chance are kept."""
        return self.data / "untrained"

    @property
    def tokens_path(self) -> Path | None:
        """Where the tokens of those who send by HTTP are kept, if they may at all."""
        named = self.http.tokens_file
        return self.base / named if named else None

    @property
    def tls_files(self) -> TlsFiles | None:
        """Where the certificate of the DICOM port lies; None without TLS."""
        dicom = self.dicom
        if not dicom.tls_cert:
            return None
        ca = self.base / dicom.tls_ca if dicom.tls_ca else None
        cert, key = self.base / dicom.tls_cert, self.base / dicom.tls_key
        return TlsFiles(cert, key, ca, dicom.tls_profile)

    @property
    def http_tls_files(self) -> TlsFiles | None:
        """Where the certificate of the HTTP port lies; None if it speaks no TLS."""
        if not self.http.tls_cert:
            return None
        return TlsFiles(self.base / self.http.tls_cert, self.base / self.http.tls_key)

    @property
    def ledger_url(self) -> str:
        """The ledger's URL for SQLAlchemy, with its password: never log it.

        Raises:
            BadConfigurationError: if it is none, its driver is missing, or the file of the
                password cannot be read.
        """
        url, file = self.ledger.url, self.ledger.password_file
        if not url:
            return f"sqlite:///{self.data / 'ledger.sqlite'}"
        read = database_url(url)
        if not file:
            return url
        whole = read.set(password=read_secret(self.base / file))
        return whole.render_as_string(hide_password=False)

    @property
    def alive_path(self) -> Path | None:
        """The file that is touched while this process goes round, if there is to be one."""
        named = self.health.alive_file
        return self.base / named if named else None

    @property
    def site_key_path(self) -> Path:
        """The file of the key that derived UIDs are made with."""
        named = self.security.site_key_file
        return self.base / named if named else self.data / "site.key"


def packaged_models() -> Path:
    """Return the shelf that came with Senoscope: in the wheel, or beside the sources."""
    package = Path(engines.__file__).parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def config_place(named: Path | None) -> Path:
    """Return where the file is or would be: the one named, the environment's, or the one here."""
    return named or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_FILE)  # noqa: TID251


def find_config(named: Path | None) -> Path | None:
    """Return the file to read: the one named, the environment's, the one here, or none.

    Raises:
        BadConfigurationError: if a file was named that is not there.
    """
    wanted = config_place(named)
    is_named = named is not None or bool(os.environ.get(CONFIG_VARIABLE))  # noqa: TID251
    if not wanted.is_file() and not is_named:
        return None
    if wanted.is_dir():
        raise BadConfigurationError(f"{wanted}: a folder; name the file in it with --config")
    if not wanted.is_file():
        raise BadConfigurationError(
            f"{wanted}: no such file; name another with --config, or leave it out for the defaults"
        )
    return wanted


def load_settings(named: Path | None = None) -> Settings:
    """Return the settings of that file, the environment over it; all have defaults.

    Raises:
        BadConfigurationError: naming the file, the key, and the nearest known key.
    """
    path = find_config(named)
    table = _read(path) if path else {}
    base = path.parent.resolve() if path else Path.cwd()
    _forbid_unknown_variables()
    try:
        return Settings(**{**table, "base": base})
    except ValidationError as error:
        raise BadConfigurationError(_told(error, str(path or "the environment"))) from None


def known_keys(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield every key of the file, dotted: ``dicom.port``."""
    for name, field in model.model_fields.items():
        if name in Settings.own:
            continue
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from known_keys(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfigurationError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfigurationError(f"{path}: not valid TOML: {error}") from None


def _told(error: ValidationError, where: str) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        if len(first["loc"]) == 1 and isinstance(first["input"], dict):
            return f"{where}: unknown section [{key}]{did_you_mean(key, _sections())}"
        return f"{where}: unknown key {key!r}{did_you_mean(key, known_keys())}"
    said = _SAID.get(first["type"], first["msg"]).replace("{key}", key)
    return f"{where}: {key}: {said} (it is {first['input']!r})"


def _sections() -> Iterator[str]:
    """Yield the name of each section that stands in brackets of its own."""
    tops = {key.partition(".")[0] for key in known_keys() if "." in key}
    yield from sorted(tops)


def _forbid_unknown_variables() -> None:
    known = {PREFIX + key.upper().replace(".", "__") for key in known_keys()}
    allowed = {CONFIG_VARIABLE, f"{PREFIX}DATA"}
    for name in os.environ:  # noqa: TID251 - settings read the environment
        if name.startswith(PREFIX) and name.upper() not in known | allowed:
            raise BadConfigurationError(
                f"the environment: unknown variable {name!r}{did_you_mean(name, sorted(known))}"
            )
