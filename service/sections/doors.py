"""How the node is reached, and by whom."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from service.networks import Network
from service.sections.section import Section
from service.tls import Profile


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
