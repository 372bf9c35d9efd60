"""What every table of `routes.toml` is."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of `routes.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
