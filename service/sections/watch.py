"""How it is seen whether the node works."""

from pydantic import Field

from service.networks import Network, network
from service.sections.section import Section


class Health(Section):
    """How those who look after processes are told that they work."""

    alive_file: str = ""
    """Touched every few seconds while this process goes round; empty: nobody asks."""


class Canary(Section):
    """Phantom studies that the node sends itself, to see whether it works."""

    every_s: float = Field(default=300, ge=0)
    """Seconds between two; 0: none but those of `senoscope check`."""
    timeout_s: float = Field(default=60, ge=5, le=3600)
    """One that takes longer has failed."""
    node: str = Field(default="", pattern=r"^$|^(\[[0-9A-Fa-f:]+\]|[^:\s]+):[0-9]{1,5}$")
    """host:port of the door that they go through; empty: that of these settings."""
    host: str = "127.0.0.1"
    """The address at which the delivery role reaches us with their results."""
    port: int = Field(default=0, ge=0, le=65535)
    """For their results; 0 takes a free one."""
    networks: tuple[Network, ...] = (network("127.0.0.0/8"), network("::1/128"))
    """Where they may come from, beside the node's own address; empty: nowhere."""


class Traces(Section):
    """Who collects spans of OpenTelemetry."""

    endpoint: str = Field(default="", pattern=r"^(https?://[^\s@]+)?$")
    """Of OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; empty: nobody."""
