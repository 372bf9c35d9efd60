"""A table of `senoscope.toml`."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of `senoscope.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
