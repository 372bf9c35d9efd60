"""What a deployment may choose: `senoscope.toml`, then the environment over it."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

import engines
from service.errors import BadConfigurationError, did_you_mean
from service.networks import Network
from service.notify_settings import Notify
from service.section import Section
from service.tls import Profile

PREFIX = "SENOSCOPE_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
DEFAULT_FILE = Path("senoscope.toml")


class Dicom(Section):
    """How the node is reached by DICOM."""

    ae_title: str = Field(default="SENOSCOPE", min_length=1, max_length=16)
    host: str = "127.0.0.1"
    port: int = Field(default=11112, ge=0, le=65535)
    """0 takes a free one; the log says which."""
    max_associations: int = Field(default=16, ge=1, le=1000)
    max_per_ae: int = Field(default=0, ge=0)
    """Associations of one AE title at a time; 0: no limit but the node's."""
    max_per_host: int = Field(default=0, ge=0)
    """Associations from one address at a time; 0: no limit but the node's."""
    networks: tuple[Network, ...] = ()
    """Where peers may connect from at all; empty: anywhere."""
    tls_cert: str = ""
    """The certificate (PEM, with its chain) of this node; empty: no TLS."""
    tls_key: str = ""
    """Its private key, which not everybody may read."""
    tls_ca: str = ""
    """Who vouches for peers: they need a certificate, then."""
    tls_profile: Profile = Profile.BCP195
    tls_names: Mapping[str, tuple[str, ...]] = {}
    """AE title to the names in certificates that may use it; empty: any may use any."""
    processes: int = Field(default=1, ge=1, le=16)
    """That listen on the port side by side; limits hold for each of them."""
    max_pdu: int = Field(default=131072, ge=4096, le=1 << 20)
    """Bytes; the longest PDU that this node receives."""
    open_s: float = Field(default=15, gt=0)
    """Seconds; the longest wait for an association to be opened or released."""
    idle_s: float = Field(default=60, gt=0)
    """Seconds; the longest silence on an association, within a message too."""
    max_object_mb: int = Field(default=4096, ge=1)
    """A larger data set is refused while it comes, for good (C000H)."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together")
        if self.tls_ca and not self.tls_cert:
            raise ValueError("tls_ca without tls_cert: the node has no TLS")
        if self.tls_names and not self.tls_ca:
            raise ValueError("tls_names without tls_ca: peers have no certificate to be named in")
        return self


class Http(Section):
    """How the node is reached by HTTP."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    tls_cert: str = ""
    """The certificate (PEM, with its chain) of the HTTP port; empty: no TLS."""
    tls_key: str = ""
    """Its private key."""
    tokens_file: str = ""
    """Who may send by STOW-RS; empty: nobody."""
    networks: tuple[Network, ...] = ()
    """Where objects may be sent from by STOW-RS; empty: anywhere."""
    max_uploads: int = Field(default=4, ge=1, le=100)
    """Requests with objects that are taken at a time; more are asked to come back."""
    trusted_proxies: tuple[Network, ...] = ()
    """Who is believed for whom they come, and whether by TLS; empty: nobody."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together")
        return self


class Console(Section):
    """How long people stay signed in, and what they look at."""

    idle_minutes: int = Field(default=30, ge=1, le=1440)
    """Without anything being done."""
    session_hours: int = Field(default=12, ge=1, le=168)
    """In all."""
    viewer_mb: int = Field(default=2000, ge=200, le=1_000_000)
    """On the disk, for images that are ready to be looked at."""


class LedgerSection(Section):
    """Where the ledger is."""

    url: str = ""
    """Empty: SQLite in `data_dir`; else postgresql+psycopg://..."""


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


class Security(Section):
    """What must stay secret."""

    site_key_file: str = ""
    """Empty: made once in `data_dir`."""


class Disk(Section):
    """How much room must stay on the disk."""

    low_water_mb: int = Field(default=1024, ge=1)
    """Below this, images are refused with A700H, so that the sender keeps them."""
    quarantine_mb: int = Field(default=1024, ge=0)
    """Refused objects that are kept for people to look at; beyond that the oldest goes."""


class SpoolSection(Section):
    """Where images and results are kept."""

    url: str = ""
    """Empty: in `data_dir`; else s3://bucket/prefix."""
    endpoint: str = ""
    """Of another S3 server than Amazon's: https://host:port."""


class Retention(Section):
    """How long bytes are kept of what is done with; the ledger's rows stay."""

    received_days: int = Field(default=30, ge=0)
    """Of images whose study is judged, processed and delivered; 0: for ever."""
    results_days: int = Field(default=30, ge=0)
    """Of results that every destination has; 0: for ever."""
    routes_versions: int = Field(default=50, ge=1)
    """Texts of `routes.toml` that were in force and are kept in the ledger, the newest ones."""


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
    disk: Disk = Disk()
    spool: SpoolSection = SpoolSection()
    retention: Retention = Retention()
    notify: Notify = Notify()

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
    def ledger_url(self) -> str:
        """The ledger's URL for SQLAlchemy."""
        return self.ledger.url or f"sqlite:///{self.data / 'ledger.sqlite'}"

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


def find_config(named: Path | None) -> Path | None:
    """Return the file to read: the one named, the environment's, the one here, or none.

    Raises:
        BadConfigurationError: if a file was named that is not there.
    """
    wanted = named or (Path(os.environ[CONFIG_VARIABLE]) if CONFIG_VARIABLE in os.environ else None)  # noqa: TID251
    if wanted is None:
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
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
        return f"{where}: unknown key {key!r}{did_you_mean(key, known_keys())}"
    return f"{where}: {key}: {first['msg']} (it is {first['input']!r})"


def _forbid_unknown_variables() -> None:
    known = {PREFIX + key.upper().replace(".", "__") for key in known_keys()}
    allowed = {CONFIG_VARIABLE, f"{PREFIX}DATA"}
    for name in os.environ:  # noqa: TID251 - settings read the environment
        if name.startswith(PREFIX) and name.upper() not in known | allowed:
            raise BadConfigurationError(
                f"the environment: unknown variable {name!r}{did_you_mean(name, sorted(known))}"
            )
